//! A user's own styles: a directory of `NAME/style.toml`, each with its pictures beside it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Style, built_in};
use crate::checkpoint::write_whole;
use crate::{Error, Result};

const FILE: &str = "style.toml";

/// The built-in styles and those of a directory.
#[derive(Debug, Clone)]
pub struct Library {
    dir: PathBuf,
}

impl Library {
    /// The directory need not exist; [`Library::add`] makes it.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The user's own styles by name, and what is wrong with those that cannot be used.
    pub fn own(&self) -> (Vec<Style>, Vec<Error>) {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path().join(FILE)).collect();
        files.retain(|file| file.is_file());
        files.sort();
        let (mut styles, mut errors) = (Vec::new(), Vec::new());
        for file in files {
            match Style::load(&file) {
                Ok(style) => styles.push(style),
                Err(error) => errors.push(error),
            }
        }
        (styles, errors)
    }

    /// The style of this name or title: the user's own before the built-in ones.
    pub fn find(&self, name: &str) -> Result<Style> {
        let (own, errors) = self.own();
        let mut known = built_in();
        known.splice(0..0, own);
        if let Some(style) = known.iter().find(|style| style.is_called(name)) {
            return Ok(style.clone());
        }
        // A damaged file may be the one that was meant.
        let meant = self.dir.join(super::slug(name));
        let damaged = errors
            .into_iter()
            .find(|error| error.to_string().contains(&*meant.to_string_lossy()));
        Err(damaged.unwrap_or_else(|| unknown(name, &known)))
    }

    /// Keeps a style, its pictures copied and read. Gives its file.
    pub fn add(&self, style: &Style) -> Result<PathBuf> {
        let mut style = style.clone();
        style.learn()?;
        style.check()?;
        if let Some(taken) = built_in().into_iter().find(|s| s.is_called(&style.name)) {
            return Err(Error::request(
                format!("`{}` is a built-in style", taken.name),
                "give yours another name",
            ));
        }
        let dir = self.dir.join(&style.name);
        if dir.exists() {
            return Err(Error::request(
                format!("there is a style `{}` already", style.name),
                format!(
                    "remove it first (kinora styles remove {0}), or give yours another name",
                    style.name
                ),
            ));
        }
        fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
        self.write(&style, &dir).inspect_err(|_| {
            // The first error is the one to tell.
            let _ = fs::remove_dir_all(&dir);
        })
    }

    fn write(&self, style: &Style, dir: &Path) -> Result<PathBuf> {
        let mut kept = style.clone();
        for (number, image) in kept.images.iter_mut().enumerate() {
            let mut name = PathBuf::from(format!("{}", number + 1));
            name.set_extension(image.extension().unwrap_or_default());
            fs::copy(&*image, dir.join(&name)).map_err(Error::io("copy", image))?;
            *image = name;
        }
        let file = dir.join(FILE);
        write_whole(&file, kept.to_toml().as_bytes())?;
        Ok(file)
    }

    /// Removes one of the user's own styles. Gives its name.
    pub fn remove(&self, name: &str) -> Result<String> {
        let (own, _) = self.own();
        if let Some(style) = own.iter().find(|style| style.is_called(name)) {
            return self.delete(&style.name);
        }
        // A damaged one must be removable too; the slug keeps the path inside the directory.
        let slug = super::slug(name);
        if !slug.is_empty() && self.dir.join(&slug).join(FILE).is_file() {
            return self.delete(&slug);
        }
        match super::find(name) {
            Some(style) => Err(Error::request(
                format!("`{}` is a built-in style and stays", style.name),
                "remove only styles of your own",
            )),
            None => Err(unknown(name, &own)),
        }
    }

    fn delete(&self, name: &str) -> Result<String> {
        let dir = self.dir.join(name);
        fs::remove_dir_all(&dir).map_err(Error::io("remove", &dir))?;
        Ok(name.to_owned())
    }
}

/// The sentence for a name that no style has.
pub(crate) fn unknown(name: &str, known: &[Style]) -> Error {
    let names: Vec<_> = known.iter().map(|style| &*style.name).collect();
    let cure = match names.is_empty() {
        true => "there is none of your own yet".to_owned(),
        false => format!("give one of {}", names.join(", ")),
    };
    Error::request(format!("there is no style `{name}`"), cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Words;

    fn mine() -> Style {
        Style {
            name: "mine".into(),
            en: Words {
                brief: "water colours".into(),
                ..Words::default()
            },
            ..Style::default()
        }
    }

    #[test]
    fn own_styles_are_kept_found_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let picture = dir.path().join("reference.png");
        let frame = kinora_media::Frame::filled(8, 8, [200, 40, 40]).unwrap();
        kinora_media::write_image(&picture, &frame).unwrap();
        let library = Library::at(dir.path().join("styles"));
        assert!(library.own().0.is_empty());
        let style = Style {
            images: vec![picture.clone()],
            ..mine()
        };
        library.add(&style).unwrap();
        // The library has its own copy.
        fs::remove_file(picture).unwrap();
        let found = library.find("Mine").unwrap();
        assert_eq!(found.en.brief, style.en.brief);
        assert!(found.en.colour.contains("red"), "{:?}", found.en);
        assert!(found.images[0].is_absolute() && found.images[0].exists());
        assert!(
            library
                .add(&mine())
                .unwrap_err()
                .to_string()
                .contains("already")
        );
        assert_eq!(library.remove("mine").unwrap(), "mine");
        let error = library.find("mine").unwrap_err().to_string();
        assert!(error.contains("film-noir"), "{error}");
    }

    #[test]
    fn built_in_names_are_taken_and_stay() {
        let dir = tempfile::tempdir().unwrap();
        let library = Library::at(dir.path());
        let taken = Style {
            name: "film-noir".into(),
            ..mine()
        };
        assert!(library.add(&taken).is_err());
        assert!(library.remove("film-noir").is_err());
        assert!(library.remove("../x").is_err());
    }

    #[test]
    fn a_damaged_style_is_named_and_can_be_removed() {
        let dir = tempfile::tempdir().unwrap();
        let library = Library::at(dir.path());
        fs::create_dir(dir.path().join("bad")).unwrap();
        fs::write(dir.path().join("bad/style.toml"), "name = ").unwrap();
        assert_eq!(library.own().1.len(), 1);
        assert!(
            library
                .find("bad")
                .unwrap_err()
                .to_string()
                .contains("style.toml")
        );
        library.find("film-noir").unwrap();
        library.remove("bad").unwrap();
        assert!(library.own().1.is_empty());
    }
}
