use serde::Deserialize;

/// Bytes as a case of `spec/vectors` writes them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
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
