//! Makes addresses findable by name, by local part, by domain and whole.

use tantivy::tokenizer::{PreTokenizedString, Token, TokenStream as _, Tokenizer as _};

use super::words::{WordTokenizer, fold_whole};
use crate::message::Address;

/// Positions left free between two addresses, so that no phrase spans both.
const GAP: usize = 2;

/// The words of every name and address, and beside them each whole address and each `@domain`.
///
/// A word never contains `@`, so the latter two cannot be mistaken for one.
pub(super) fn tokens(addresses: &[Address]) -> PreTokenizedString {
    let mut tokenizer = WordTokenizer::default();
    let mut tokens = Vec::new();
    let mut position = 0;
    for address in addresses {
        for text in [address.name.as_deref().unwrap_or_default(), &address.address] {
            let mut stream = tokenizer.token_stream(text);
            while stream.advance() {
                tokens.push(Token { position, ..stream.token().clone() });
                position += 1;
            }
        }
        let whole = fold_whole(&address.address);
        let domain = whole.find('@').and_then(|at| whole.get(at..)).map(str::to_owned);
        for text in domain.into_iter().chain(Some(whole)).filter(|text| text.contains('@')) {
            tokens.push(Token { position, text, ..Token::default() });
        }
        position += GAP;
    }
    PreTokenizedString { text: String::new(), tokens }
}

/// The one term that finds `text`, when it is written as a whole address or as `@domain`.
pub(super) fn exact(text: &str) -> Option<String> {
    let whole =
        text.contains('@') && !text.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ','));
    whole.then(|| fold_whole(text))
}
