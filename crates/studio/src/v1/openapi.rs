//! This API's part of the OpenAPI document.

use utoipa::OpenApi;

use super::{characters, content, files, schema, videos, webhooks};

#[derive(OpenApi)]
#[openapi(
    paths(
        videos::create,
        videos::list,
        videos::retrieve,
        videos::remove,
        videos::remix,
        videos::edit,
        videos::extend,
        content::content,
        characters::create,
        characters::retrieve,
        videos::models,
        files::create,
        files::list,
        files::retrieve,
        files::content,
        files::remove,
        webhooks::create,
        webhooks::list,
        webhooks::retrieve,
        webhooks::remove,
        webhooks::test,
    ),
    components(schemas(schema::V1Refused, schema::Variant))
)]
pub(crate) struct Docs;
