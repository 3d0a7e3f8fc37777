//! A style as one file: a zip of `style.toml` and the pictures that it names, or the `style.toml` alone.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use kinora_engine::style::{MAX_IMAGES, Style};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::{Error, Result};

const TEXT: &str = "style.toml";
/// Bytes of a style's text: eight parts of 2,000 characters in two languages, with room to spare.
const TEXT_LIMIT: u64 = 256 << 10;
/// Bytes of one picture.
const PICTURE_LIMIT: u64 = 16 << 20;

/// The zip of a style and its pictures, which are JPEG.
pub fn pack(style: &Style, pictures: &[Vec<u8>]) -> Result<Vec<u8>> {
    let names: Vec<String> = (1..=pictures.len()).map(|n| format!("{n}.jpg")).collect();
    let named = Style {
        images: names.iter().map(Into::into).collect(),
        ..style.clone()
    };
    let text = named.to_toml();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let pictures = names.iter().map(String::as_str).zip(pictures);
    for (name, bytes) in [(TEXT, &text.into_bytes())].into_iter().chain(pictures) {
        zip.start_file(name, stored).map_err(Error::internal)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish().map_err(Error::internal)?.into_inner())
}

/// The style in the bytes of a file, and its pictures as they are. Only what lies inside a zip is read: of a lone
/// `style.toml`, no picture.
pub fn unpack(bytes: &[u8]) -> Result<(Style, Vec<Vec<u8>>)> {
    let (mut style, mut pictures) = match bytes.starts_with(b"PK") {
        false => (parse(bytes)?, Vec::new()),
        true => unzip(bytes)?,
    };
    style.images.clear();
    pictures.retain(|picture| !picture.is_empty());
    Ok((style, pictures))
}

fn unzip(bytes: &[u8]) -> Result<(Style, Vec<Vec<u8>>)> {
    let foreign = |error: zip::result::ZipError| Error::Unreadable(format!("no style: {error}"));
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(foreign)?;
    let mut read = |name: &str, limit: u64| -> Result<Vec<u8>> {
        let mut found = Vec::new();
        let file = zip.by_name(name).map_err(foreign)?;
        file.take(limit + 1).read_to_end(&mut found)?;
        match found.len() as u64 > limit {
            true => Err(Error::TooLarge(format!("{name} in the zip is too large"))),
            false => Ok(found),
        }
    };
    let style = parse(&read(TEXT, TEXT_LIMIT)?)?;
    let pictures = style.images.iter().take(MAX_IMAGES);
    let pictures = pictures.map(|name| read(&name.to_string_lossy(), PICTURE_LIMIT));
    let pictures = pictures.collect::<Result<_>>()?;
    Ok((style, pictures))
}

fn parse(bytes: &[u8]) -> Result<Style> {
    if bytes.len() as u64 > TEXT_LIMIT {
        return Err(Error::TooLarge(format!("{TEXT} is too large")));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::Unreadable("this is no style; give a style.toml, or a zip".into()))?;
    Ok(Style::parse(text, Path::new(TEXT))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kinora_engine::style::Words;

    #[test]
    fn a_style_comes_back_with_its_pictures_and_reads_nothing_outside() {
        let style = Style {
            name: "ink".into(),
            en: Words {
                brief: "ink wash".into(),
                ..Words::default()
            },
            ..Style::default()
        };
        let pictures = vec![vec![1, 2, 3], vec![4]];
        let zip = pack(&style, &pictures).unwrap();
        assert_eq!(unpack(&zip).unwrap(), (style.clone(), pictures));

        let outside = Style {
            images: vec!["/etc/hostname".into()],
            ..style.clone()
        };
        let alone = unpack(outside.to_toml().as_bytes()).unwrap();
        assert_eq!(alone, (style, Vec::new()));
        for nonsense in [&b"name = "[..], b"PK\x03\x04", &[0xff, 0xfe]] {
            assert!(unpack(nonsense).is_err());
        }
    }
}
