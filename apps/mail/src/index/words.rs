//! Cuts text into words and folds them, the same way for what is indexed and for what is asked.
//!
//! A word is a run of letters and digits. Scripts written without spaces give one word per
//! character, and are found as phrases. Folding drops case, accents and width: `Ünïted`, `united` and
//! `ｕｎｉｔｅｄ` are one word.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

/// The longest word kept, in characters: longer runs are encoded data, which nobody types in full.
const MAX_WORD_CHARS: usize = 64;

/// The words of `text`, folded.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut cutter = Cutter { text, at: 0 };
    std::iter::from_fn(|| cutter.next_word()).map(|(_, _, word)| word).collect()
}

/// `text` folded as one word, punctuation kept: for labels and whole addresses.
pub(super) fn fold_whole(text: &str) -> String {
    fold(text.trim(), |c| !c.is_control())
}

/// The tokenizer of every text field of the index.
#[derive(Debug, Clone, Default)]
pub(super) struct WordTokenizer {
    token: Token,
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { cutter: Cutter { text, at: 0 }, token: &mut self.token }
    }
}

/// The words of one text.
#[derive(Debug)]
pub(super) struct WordStream<'a> {
    cutter: Cutter<'a>,
    token: &'a mut Token,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((from, to, word)) = self.cutter.next_word() else { return false };
        self.token.offset_from = from;
        self.token.offset_to = to;
        // A fresh token stands before the first position.
        self.token.position = self.token.position.wrapping_add(1);
        self.token.text = word;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[derive(Debug)]
struct Cutter<'a> {
    text: &'a str,
    /// A byte offset, always on a character boundary.
    at: usize,
}

impl Cutter<'_> {
    /// The next word with its byte range.
    fn next_word(&mut self) -> Option<(usize, usize, String)> {
        loop {
            let rest = self.text.get(self.at..)?;
            let start = self.at + rest.find(char::is_alphanumeric)?;
            let word = self.text.get(start..)?;
            let first = word.chars().next()?;
            let goes_on = |c: char| {
                is_inside_word(c) || (!is_unspaced(first) && c.is_alphanumeric() && !is_unspaced(c))
            };
            let length = word
                .char_indices()
                .skip(1)
                .find(|&(_, c)| !goes_on(c))
                .map_or(word.len(), |(length, _)| length);
            self.at = start + length;
            let folded = fold(word.get(..length)?, |c| c.is_alphanumeric() || is_meaningful_mark(c));
            if !folded.is_empty() {
                return Some((start, self.at, folded));
            }
        }
    }
}

fn fold(text: &str, keep: impl Fn(char) -> bool) -> String {
    if text.is_ascii() {
        let kept = text.chars().map(|c| c.to_ascii_lowercase()).filter(|&c| keep(c));
        return kept.take(MAX_WORD_CHARS).collect();
    }
    let plain = text.nfkd().flat_map(char::to_lowercase).filter(|&c| !is_accent(c) && keep(c)).nfc();
    let mut folded = String::with_capacity(text.len());
    for c in plain.take(MAX_WORD_CHARS) {
        match without_decomposition(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    folded
}

/// Letters that Unicode does not decompose, as people without that keyboard type them.
fn without_decomposition(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'þ' => "th",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// Marks above and below letters, and the optional vowel points of Hebrew and Arabic. Marks that
/// change a syllable (viramas, nuktas, kana voicing) have lower classes and are kept.
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 10..=36 | 200..)
}

fn is_meaningful_mark(c: char) -> bool {
    canonical_combining_class(c) != 0
}

/// What belongs to the word before it: marks, half-width kana voicing, the soft hyphen, joiners.
fn is_inside_word(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{ff9e}' | '\u{ff9f}')
        || (!c.is_ascii() && is_meaningful_mark(c))
}

/// Scripts written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF // Thai, Lao
        | 0x1000..=0x109F // Myanmar
        | 0x1780..=0x17FF // Khmer
        | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9D // kana
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF) // Han
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_accents_and_width_do_not_matter() {
        for (written, found) in [
            ("Ünïted", "united"),
            ("U\u{308}ni\u{308}ted", "united"),
            ("ｕｎｉｔｅｄ", "united"),
            ("STRASSE straße", "strasse strasse"),
            ("Łódź Ørsted Þór Æon Đorđe", "lodz orsted thor aeon dorde"),
            ("İstanbul ısı", "istanbul isi"),
            ("ΑΘΉΝΑΣ Αθήνας", "αθηνασ αθηνασ"),
            ("Ёлка Йод", "елка иод"),
            ("שָׁלוֹם", "שלום"),
            ("infor\u{ad}mation", "information"),
            ("ﬁle", "file"),
        ] {
            assert_eq!(words(written).join(" "), found, "{written}");
        }
    }

    #[test]
    fn punctuation_separates_and_unspaced_scripts_stand_alone() {
        assert_eq!(
            words("don't foo_bar a@b.example 3.14"),
            ["don", "t", "foo", "bar", "a", "b", "example", "3", "14"]
        );
        assert_eq!(words("日本語 mail 東京x"), ["日", "本", "語", "mail", "東", "京", "x"]);
        assert_eq!(words("ガイド"), words("ｶﾞｲﾄﾞ"));
        assert_ne!(words("ガ"), words("カ"));
        assert_eq!(words("한국어 हिन्दी"), ["한국어", "हिन्दी"]);
        assert!(words("*** 🎉 --").is_empty());
    }

    #[test]
    fn a_long_run_keeps_its_beginning() {
        assert_eq!(words(&"x".repeat(1000)), ["x".repeat(MAX_WORD_CHARS)]);
    }

    proptest! {
        #[test]
        fn folding_is_stable_and_offsets_fit(text in any::<String>()) {
            let mut tokenizer = WordTokenizer::default();
            let mut stream = tokenizer.token_stream(&text);
            let mut expected = words(&text).into_iter();
            let mut position = 0;
            while stream.advance() {
                let token = stream.token();
                prop_assert_eq!(Some(token.text.clone()), expected.next());
                prop_assert_eq!(token.position, position);
                prop_assert!(text.get(token.offset_from..token.offset_to).is_some());
                position += 1;
            }
            prop_assert_eq!(expected.next(), None);
        }
    }
}
