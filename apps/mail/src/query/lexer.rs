//! Cuts a query into pieces that know where they were written.

use super::error::{QueryError, QueryErrorKind};

/// A byte range of the query.
pub(super) type Span = (usize, usize);

/// One piece of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) token: Token,
    pub(super) span: Span,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Not,
    And,
    Or,
    /// A word or a quoted phrase, quotes removed.
    Text(String),
    /// `name:value`, the value possibly quoted or missing.
    Field {
        name: String,
        name_span: Span,
        value: String,
        value_span: Span,
    },
}

/// Cuts `query` into pieces.
///
/// # Errors
///
/// Only an unclosed quote; everything else is the parser's to judge.
pub(super) fn pieces(query: &str) -> Result<Vec<Piece>, QueryError> {
    let mut lexer = Lexer { query, at: 0 };
    let mut pieces = Vec::new();
    while let Some(piece) = lexer.next()? {
        pieces.push(piece);
    }
    Ok(pieces)
}

struct Lexer<'q> {
    query: &'q str,
    /// A byte offset, always on a character boundary.
    at: usize,
}

impl<'q> Lexer<'q> {
    fn next(&mut self) -> Result<Option<Piece>, QueryError> {
        self.take_while(char::is_whitespace);
        let start = self.at;
        let Some(first) = self.peek() else { return Ok(None) };
        let token = match first {
            '(' => self.single(Token::Open),
            ')' => self.single(Token::Close),
            // A dash by itself is punctuation, as in a pasted subject, and must not exclude the next word.
            '-' if !self.ends_word(start + 1) => self.single(Token::Not),
            '"' => Token::Text(self.quoted()?),
            _ => self.word_or_field()?,
        };
        Ok(Some(Piece { token, span: (start, self.at) }))
    }

    fn word_or_field(&mut self) -> Result<Token, QueryError> {
        let start = self.at;
        let name = self.take_while(|c| c.is_ascii_alphabetic());
        if !name.is_empty() && self.peek() == Some(':') {
            let name_span = (start, self.at);
            self.at += 1;
            let value_start = self.at;
            let value = if self.peek() == Some('"') { self.quoted()? } else { self.word().to_owned() };
            return Ok(Token::Field {
                name: name.to_owned(),
                name_span,
                value,
                value_span: (value_start, self.at),
            });
        }
        self.at = start;
        Ok(match self.word() {
            "AND" => Token::And,
            "OR" => Token::Or,
            "NOT" => Token::Not,
            word => Token::Text(word.to_owned()),
        })
    }

    /// Up to the next space, quote or parenthesis.
    fn word(&mut self) -> &'q str {
        self.take_while(|c| !c.is_whitespace() && !matches!(c, '"' | '(' | ')'))
    }

    /// The text between the quote at the cursor and the next one.
    fn quoted(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        self.at += 1;
        let text = self.take_while(|c| c != '"');
        if self.peek().is_none() {
            let help = "end the phrase with another \"".to_owned();
            return Err(QueryError::new(QueryErrorKind::OpenQuote, self.query, (start, self.at), help));
        }
        self.at += 1;
        Ok(text.to_owned())
    }

    /// Takes the one-byte character at the cursor.
    fn single(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'q str {
        let rest = self.query.get(self.at..).unwrap_or_default();
        let taken = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += taken;
        rest.get(..taken).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.char_at(self.at)
    }

    fn ends_word(&self, at: usize) -> bool {
        self.char_at(at).is_none_or(char::is_whitespace)
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.query.get(at..)?.chars().next()
    }
}
