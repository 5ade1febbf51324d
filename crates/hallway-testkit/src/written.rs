use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;

/// Bytes as a case of `spec/vectors` writes them.
#[derive(Debug, Clone)]
pub enum Written {
    /// As UTF-8.
    Text(String),
    /// Two digits for each byte; spaces are for the reader.
    Hex {
        /// The digits.
        hex: String,
    },
    /// The same again and again.
    Repeated {
        /// What is repeated.
        repeat: Box<Self>,
        /// How often.
        times: usize,
    },
    /// One after the other.
    Joined(Vec<Self>),
}

impl Written {
    /// The bytes.
    ///
    /// # Panics
    /// When they are not written so.
    #[must_use]
    pub fn get(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Hex { hex } => unhex(hex),
            Self::Repeated { repeat, times } => repeat.get().repeat(*times),
            Self::Joined(parts) => parts.iter().flat_map(Self::get).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(reader)?;
        written(&value).ok_or_else(|| D::Error::custom(format!("bytes are not written so: {value}")))
    }
}

fn written(value: &Value) -> Option<Written> {
    let only = |names: &[&str]| {
        let members = value.as_object().filter(|members| members.len() == names.len())?;
        names.iter().map(|name| members.get(*name)).collect::<Option<Vec<_>>>()
    };
    if let Some(text) = value.as_str() {
        return Some(Written::Text(text.to_owned()));
    }
    if let Some(parts) = value.as_array() {
        return parts.iter().map(written).collect::<Option<_>>().map(Written::Joined);
    }
    if let Some(hex) = only(&["hex"]) {
        return Some(Written::Hex { hex: hex.first()?.as_str()?.to_owned() });
    }
    let repeated = only(&["repeat", "times"])?;
    let times = usize::try_from(repeated.get(1)?.as_u64()?).ok()?;
    Some(Written::Repeated { repeat: Box::new(written(repeated.first()?)?), times })
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| u8::try_from(c.to_digit(16).unwrap_or_else(|| panic!("{c:?} is no hex digit"))).unwrap())
        .collect();
    let (pairs, odd) = digits.as_chunks::<2>();
    assert!(odd.is_empty(), "half a byte is left over: {text}");
    pairs.iter().map(|[high, low]| high << 4 | low).collect()
}
