//! What a request begins with: an upload in the form, a data URL, an address, a file or a video by its id. Whatever it
//! is, it becomes a clip of the library, so that lineage is kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::fault::{Answer, Fault};
use super::form::{Form, Upload};
use super::{fetch, video};
use crate::api::uploads::accept;
use crate::files::is_id;
use crate::guard::Viewer;
use crate::wire::Clip;
use crate::{App, Error};

/// Bytes of a picture that comes as a data URL or from an address.
const PICTURE_LIMIT: u64 = 64 << 20;

/// A clip to begin with or to work on.
pub(super) struct Source {
    pub clip: Clip,
    /// The video that it was, if it was one.
    pub video: Option<String>,
    /// Whether it came into the library with this request.
    pub fresh: bool,
}

impl Source {
    /// One that was in the library before.
    pub fn known(clip: Clip) -> Self {
        Self {
            clip,
            video: None,
            fresh: false,
        }
    }

    fn fresh(clip: Clip) -> Self {
        Self {
            fresh: true,
            ..Self::known(clip)
        }
    }
}

/// Puts an upload into the library.
pub(super) async fn keep(app: &App, viewer: &Viewer, upload: Upload, param: &str) -> Answer<Clip> {
    if upload.bytes == 0 {
        return Err(Fault::field(param, format!("'{param}' is an empty file.")));
    }
    let clip = accept(app, viewer, upload.folder, &upload.name, None).await;
    clip.map_err(|error| Fault::from(error).about(param))
}

/// The picture or clip that a video begins with, if one is given as `input_reference`.
pub(super) async fn reference(
    app: &App,
    viewer: &Viewer,
    form: &mut Form,
) -> Answer<Option<Source>> {
    const NAME: &str = "input_reference";
    if let Some(upload) = form.files.remove(NAME) {
        let clip = keep(app, viewer, upload, NAME).await?;
        return Ok(Some(Source::fresh(clip)));
    }
    match form.value(NAME) {
        None => return Ok(None),
        Some(Value::Object(_)) => {}
        Some(_) => {
            return Err(Fault::field(
                NAME,
                "'input_reference' has to be a file, or an object with image_url or file_id.",
            ));
        }
    }
    let (file, url) = (form.inner(NAME, "file_id")?, form.inner(NAME, "image_url")?);
    match (file, url) {
        (Some(id), None) => Ok(Some(Source::known(file_clip(app, viewer, &id).await?))),
        (None, Some(url)) => Ok(Some(Source::fresh(picture_at(app, viewer, &url).await?))),
        _ => Err(Fault::field(
            NAME,
            "'input_reference' has to have either image_url or file_id.",
        )),
    }
}

/// The clip behind a file's id.
async fn file_clip(app: &App, viewer: &Viewer, id: &str) -> Answer<Clip> {
    const PARAM: &str = "input_reference.file_id";
    let file = app.store.v1_file(&viewer.id, id).await;
    let file = file.map_err(|error| match error {
        Error::NotFound(_) => Fault::missing_thing("file", id).about(PARAM),
        error => error.into(),
    })?;
    Ok(app.store.clip(&viewer.id, &file.clip).await?)
}

/// The picture at an address, or in a data URL.
async fn picture_at(app: &App, viewer: &Viewer, url: &str) -> Answer<Clip> {
    const PARAM: &str = "input_reference.image_url";
    let refuse = |why: String| Fault::field(PARAM, why);
    let bytes = if url
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
    {
        data_of(url).map_err(|why| refuse(why.to_owned()))?
    } else if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(refuse(
            "'image_url' has to be a data URL or an http(s) address.".into(),
        ));
    } else if !app.config.fetch_pictures {
        return Err(refuse(
            "This server fetches no pictures; send the picture itself, or a data URL. (Its operator can allow it: fetch_pictures = true.)".into(),
        ));
    } else {
        let address = url.to_owned();
        let fetched =
            tokio::task::spawn_blocking(move || fetch::get(&address, PICTURE_LIMIT)).await;
        fetched
            .map_err(Error::from)?
            .map_err(|why| refuse(format!("There is no picture at 'image_url': {why}.")))?
    };
    let upload = Upload::of(app, "reference", &bytes).await?;
    keep(app, viewer, upload, PARAM).await
}

/// The bytes of `data:[TYPE][;base64],DATA`.
fn data_of(url: &str) -> Result<Vec<u8>, &'static str> {
    let (head, data) = url.split_once(',').ok_or("The data URL has no comma.")?;
    if data.len() as u64 > PICTURE_LIMIT / 3 * 4 {
        return Err("The picture in the data URL is too large.");
    }
    if !head.to_ascii_lowercase().ends_with(";base64") {
        return Err("The data URL has to be base64.");
    }
    let plain: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD
        .decode(plain)
        .map_err(|_| "The data URL is no valid base64.")
}

/// The video that an edit or extension is about: a file, `{id}`, or the id itself.
pub(super) async fn subject(app: &App, viewer: &Viewer, form: &mut Form) -> Answer<Source> {
    const NAME: &str = "video";
    if let Some(upload) = form.files.remove(NAME) {
        let clip = keep(app, viewer, upload, NAME).await?;
        return Ok(Source::fresh(clip));
    }
    match form.value(NAME) {
        None => Err(Fault::missing(NAME)),
        Some(Value::String(id)) => by_id(app, viewer, id, NAME).await,
        Some(_) => match form.inner(NAME, "id")? {
            Some(id) => by_id(app, viewer, &id, "video.id").await,
            None => Err(Fault::missing("video.id")),
        },
    }
}

/// A completed video, or a clip of the library.
pub(super) async fn by_id(app: &App, viewer: &Viewer, id: &str, param: &str) -> Answer<Source> {
    let lost = |error: Error| match error {
        Error::NotFound(_) => Fault::missing_thing("video", id).about(param),
        error => error.into(),
    };
    let Some(job) = video::job_of(id) else {
        let clip = match is_id(id) {
            true => app.store.clip(&viewer.id, id).await,
            false => Err(Error::NotFound("video")),
        };
        let clip = clip.map_err(lost)?;
        return Ok(Source::known(clip));
    };
    let job = app.store.v1_job(&viewer.id, job).await.map_err(lost)?;
    let Some(clip) = job.clips.first().filter(|_| job.status == "completed") else {
        return Err(Fault::field(
            param,
            format!(
                "The video '{id}' is not completed; its status is {}.",
                job.status
            ),
        ));
    };
    let clip = app.store.clip(&viewer.id, clip).await.map_err(lost)?;
    Ok(Source {
        video: Some(id.to_owned()),
        ..Source::known(clip)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_urls() {
        assert_eq!(data_of("data:image/png;base64,aGk=").unwrap(), b"hi");
        assert_eq!(
            data_of("DATA:image/png;charset=x;BASE64,aG\nk=").unwrap(),
            b"hi"
        );
        for bad in [
            "data:image/png;base64",
            "data:image/png,hi",
            "data:;base64,!!",
            "data:;base64,aGk",
        ] {
            assert!(data_of(bad).is_err(), "{bad}");
        }
    }
}
