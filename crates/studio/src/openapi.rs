//! The description of the API, made from the handlers.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{RefOr, Required};

use crate::api::{
    accounts, boards, clips, events, folders, jobs, media, moderation, status, styles, transfer,
    uploads,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Kinora", description = "The studio's own API. Errors are `{\"error\": {\"code\", \"message\"}}`; times are RFC 3339."),
    paths(
        status::status, status::models, status::usage, status::settings, status::change_settings,
        clips::list, uploads::upload, clips::bulk, clips::get, clips::change, clips::remove, clips::lineage,
        clips::share, clips::unshare, clips::publish, clips::unpublish, clips::like, clips::unlike, clips::feed,
        media::video, media::thumbnail, media::spritesheet, media::sidecar, media::download,
        jobs::list, jobs::create, jobs::estimate, jobs::cancel_pending, jobs::get, jobs::remove, jobs::cancel,
        jobs::retry, jobs::front, events::stream,
        folders::list, folders::create, folders::rename, folders::remove,
        boards::list, boards::create, boards::get, boards::replace, boards::remove, boards::check,
        accounts::login, accounts::logout, accounts::users, accounts::create_user, accounts::delete_user,
        moderation::get, moderation::change, moderation::refusals, moderation::overrule,
        accounts::keys, accounts::create_key, accounts::delete_key,
        transfer::export, transfer::import,
        styles::list, styles::put, styles::remove, styles::enhance,
    ),
    modifiers(&PathParameters)
)]
pub struct Api;

/// Every `{name}` of a path is a parameter of it.
struct PathParameters;

impl utoipa::Modify for PathParameters {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let names = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            let parameter = |name: &str| {
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Path)
                    .required(Required::True)
                    .build()
                    .into()
            };
            let parameters: Vec<RefOr<Parameter>> = names.map(parameter).collect();
            if !parameters.is_empty() {
                item.parameters.get_or_insert_default().extend(parameters);
            }
        }
    }
}

/// The OpenAPI document.
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Api::openapi())
}
