//! Fields of a form, one check each. Every refusal names the field.

use serde_json::Value;

use super::fault::{Answer, Fault};
use super::form::Form;

/// Characters of a prompt.
pub(super) const LONGEST_PROMPT: usize = 32_000;

impl Form {
    /// The field, unless it is absent or `null`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Text of 1 to `longest` characters.
    pub fn text(&self, name: &str, longest: usize) -> Answer<Option<String>> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let Value::String(text) = value else {
            return Err(Fault::field(name, format!("'{name}' has to be a string.")));
        };
        let count = text.chars().count();
        match text.trim().is_empty() || count > longest {
            true => Err(Fault::field(
                name,
                format!("'{name}' has to have 1 to {longest} characters; it has {count}."),
            )),
            false => Ok(Some(text.clone())),
        }
    }

    /// The same, where it has to be there.
    pub fn required_text(&self, name: &str, longest: usize) -> Answer<String> {
        self.text(name, longest)?
            .ok_or_else(|| Fault::missing(name))
    }

    pub fn prompt(&self) -> Answer<String> {
        self.required_text("prompt", LONGEST_PROMPT)
    }

    /// A whole number of seconds, which clients write as a string.
    pub fn seconds(&self) -> Answer<Option<u32>> {
        let seconds = self.whole("seconds", 1..=600)?;
        Ok(seconds.map(|seconds| seconds as u32))
    }

    /// Width and height, `720x1280`.
    pub fn size(&self) -> Answer<Option<String>> {
        let Some(text) = self.text("size", 16)? else {
            return Ok(None);
        };
        let side = |text: &str| {
            let plain = !text.is_empty()
                && text.len() <= 5
                && text.bytes().all(|byte| byte.is_ascii_digit());
            plain
                .then(|| text.parse::<u32>().ok())
                .flatten()
                .filter(|side| (16..=4096).contains(side))
        };
        match text
            .split_once('x')
            .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        {
            Some((width, height)) => Ok(Some(format!("{width}x{height}"))),
            None => Err(Fault::field(
                "size",
                "'size' has to be WIDTHxHEIGHT in pixels, for instance 720x1280.",
            )),
        }
    }

    /// A whole number within a range, as a number or as text.
    pub fn whole(&self, name: &str, range: std::ops::RangeInclusive<u64>) -> Answer<Option<u64>> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Fault::field(
                name,
                format!(
                    "'{name}' has to be a whole number from {} to {}.",
                    range.start(),
                    range.end()
                ),
            )),
        }
    }

    /// A number within a range, as a number or as text.
    pub fn number(&self, name: &str, range: std::ops::RangeInclusive<f64>) -> Answer<Option<f64>> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Fault::field(
                name,
                format!(
                    "'{name}' has to be a number from {} to {}.",
                    range.start(),
                    range.end()
                ),
            )),
        }
    }

    /// One of some words.
    pub fn choice(&self, name: &str, words: &[&str]) -> Answer<Option<String>> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match value.as_str().filter(|text| words.contains(text)) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(Fault::field(
                name,
                format!("'{name}' has to be one of {}.", words.join(", ")),
            )),
        }
    }

    /// An object, or its JSON as text.
    pub fn object(&self, name: &str) -> Answer<Option<Value>> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let parsed = match value {
            Value::String(text) => serde_json::from_str(text).ok(),
            value => Some(value.clone()),
        };
        match parsed.filter(Value::is_object) {
            Some(object) => Ok(Some(object)),
            None => Err(Fault::field(name, format!("'{name}' has to be an object."))),
        }
    }

    /// A string inside an object: `video[id]`.
    pub fn inner(&self, name: &str, key: &str) -> Answer<Option<String>> {
        let param = format!("{name}.{key}");
        match self
            .value(name)
            .and_then(|value| value.get(key))
            .filter(|value| !value.is_null())
        {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(Fault::field(
                param.as_str(),
                format!("'{param}' has to be a string."),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(fields: Value) -> Form {
        let Value::Object(fields) = fields else {
            panic!("an object")
        };
        Form {
            fields,
            ..Form::default()
        }
    }

    #[test]
    fn numbers_may_be_text_and_are_held_to_their_range() {
        for value in [json!(4), json!("4")] {
            assert_eq!(form(json!({"seconds": value})).seconds().unwrap(), Some(4));
        }
        assert_eq!(form(json!({"seconds": null})).seconds().unwrap(), None);
        for bad in [
            json!(0),
            json!("0"),
            json!(-1),
            json!(4.5),
            json!("4.5"),
            json!("four"),
            json!(""),
            json!([4]),
            json!(true),
        ] {
            assert!(form(json!({"seconds": bad})).seconds().is_err(), "{bad}");
        }
        for bad in [json!("NaN"), json!("inf"), json!({}), json!(1.5)] {
            assert!(
                form(json!({"strength": bad}))
                    .number("strength", 0.0..=1.0)
                    .is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn sizes_are_two_sane_numbers() {
        let size = |text: Value| form(json!({"size": text})).size();
        assert_eq!(size(json!("720x1280")).unwrap().unwrap(), "720x1280");
        for bad in [
            json!("720"),
            json!("x"),
            json!("720X1280"),
            json!("0x0"),
            json!("99999x2"),
            json!("+72x128"),
            json!(720),
            json!(""),
        ] {
            assert!(size(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn prompts_have_one_to_32000_characters() {
        let prompt = |text: String| form(json!({"prompt": text})).prompt();
        assert!(prompt("猛".repeat(32_000)).is_ok());
        for bad in [String::new(), "  ".into(), "猛".repeat(32_001)] {
            assert!(prompt(bad).is_err());
        }
        assert!(form(json!({})).prompt().is_err());
        assert!(form(json!({"prompt": 7})).prompt().is_err());
    }
}
