//! Turns pieces into a [`Query`].

use super::ast::{Query, Term, TextField};
use super::error::{QueryError, QueryErrorKind};
use super::field::{Field, closest, help_for_unknown};
use super::lexer::{Piece, Span, Token, pieces};
use super::value;

/// The longest query, in characters: far beyond what is typed, and little enough that a query
/// cannot keep the index busy for long.
pub const MAX_QUERY_CHARS: usize = 1024;

/// The deepest nesting of parentheses and negations: far below what the stack of a thread holds.
pub const MAX_DEPTH: usize = 32;

/// Parses a query.
///
/// # Errors
///
/// A [`QueryError`] that points at the first mistake. No input makes it panic.
pub fn parse(query: &str) -> Result<Query, QueryError> {
    if let Some((end, _)) = query.char_indices().nth(MAX_QUERY_CHARS) {
        let help = format!("at most {MAX_QUERY_CHARS} characters are allowed");
        return Err(QueryError::new(QueryErrorKind::TooLong, query, (end, query.len()), help));
    }
    let mut parser = Parser { query, pieces: pieces(query)?, at: 0, depth: 0 };
    if parser.pieces.is_empty() {
        return Ok(Query::All);
    }
    let parsed = parser.any_of()?;
    match parser.peek() {
        // `any_of` stops only at the end or at a parenthesis nobody opened.
        Some(piece) => Err(parser.error(QueryErrorKind::StrayParenthesis, piece.span, "remove it")),
        None => Ok(parsed),
    }
}

struct Parser<'q> {
    query: &'q str,
    pieces: Vec<Piece>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// `all_of (OR all_of)*`
    fn any_of(&mut self) -> Result<Query, QueryError> {
        let mut choices = vec![self.all_of()?];
        while self.take(&Token::Or) {
            choices.push(self.all_of()?);
        }
        Ok(one_or(choices, Query::Or))
    }

    /// `operand (AND? operand)*`
    fn all_of(&mut self) -> Result<Query, QueryError> {
        let mut conditions = vec![self.operand()?];
        loop {
            match self.peek().map(|piece| &piece.token) {
                None | Some(Token::Or | Token::Close) => return Ok(one_or(conditions, Query::And)),
                Some(Token::And) => self.at += 1,
                Some(_) => {}
            }
            conditions.push(self.operand()?);
        }
    }

    /// `NOT operand`, `( any_of )`, or a term.
    fn operand(&mut self) -> Result<Query, QueryError> {
        let Some(piece) = self.peek().cloned() else {
            let end = (self.query.len(), self.query.len());
            return Err(self.error(QueryErrorKind::MissingOperand, end, OPERAND));
        };
        self.at += 1;
        match piece.token {
            Token::Not => self.nested(piece.span, |parser| Ok(Query::Not(Box::new(parser.operand()?)))),
            Token::Open => self.nested(piece.span, |parser| {
                let inner = parser.any_of()?;
                if parser.take(&Token::Close) {
                    return Ok(inner);
                }
                Err(parser.error(QueryErrorKind::OpenParenthesis, piece.span, "add the matching )"))
            }),
            Token::Close if self.depth == 0 => {
                Err(self.error(QueryErrorKind::StrayParenthesis, piece.span, "remove it"))
            }
            Token::Close | Token::And | Token::Or => {
                Err(self.error(QueryErrorKind::MissingOperand, piece.span, OPERAND))
            }
            Token::Text(text) => self.text(None, text, piece.span).map(Query::Term),
            Token::Field { name, name_span, value, value_span } => {
                let Some(field) = Field::named(&name) else {
                    let help = help_for_unknown(&name);
                    return Err(self.error(QueryErrorKind::UnknownField, name_span, &help));
                };
                self.field(field, value, piece.span, value_span).map(Query::Term)
            }
        }
    }

    fn field(&self, field: Field, value: String, span: Span, value_span: Span) -> Result<Term, QueryError> {
        if value.trim().is_empty() {
            return Err(self.error(QueryErrorKind::MissingValue, span, &field.takes()));
        }
        let term = match field {
            Field::Text(text_field) => return self.text(Some(text_field), value, value_span),
            Field::Label => return Ok(Term::Label(value)),
            Field::Is => value::state(&value).map(Term::Is),
            Field::Has => value.eq_ignore_ascii_case("attachment").then_some(Term::HasAttachment),
            Field::Before => value::when(&value).map(Term::Before),
            Field::On => value::when(&value).map(Term::On),
            Field::After => value::when(&value).map(Term::After),
            Field::Older => value::age(&value).map(Term::Older),
            Field::Newer => value::age(&value).map(Term::Newer),
            Field::Larger => value::size(&value).map(Term::Larger),
            Field::Smaller => value::size(&value).map(Term::Smaller),
        };
        term.ok_or_else(|| {
            let states = value::STATES.iter().map(|&(name, _)| name);
            let suggestion = match field {
                Field::Is => closest(&value, states),
                _ => None,
            };
            let suggestion = suggestion.map_or_else(String::new, |known| format!("did you mean `{known}`? "));
            self.error(QueryErrorKind::BadValue, value_span, &format!("{suggestion}{}", field.takes()))
        })
    }

    fn text(&self, field: Option<TextField>, text: String, span: Span) -> Result<Term, QueryError> {
        if text.chars().any(char::is_alphanumeric) {
            return Ok(Term::Text { field, text });
        }
        Err(self.error(QueryErrorKind::NoWords, span, "write at least one letter or digit"))
    }

    /// Runs `inner` one level deeper.
    fn nested(
        &mut self,
        span: Span,
        inner: impl FnOnce(&mut Self) -> Result<Query, QueryError>,
    ) -> Result<Query, QueryError> {
        if self.depth == MAX_DEPTH {
            let help = format!("at most {MAX_DEPTH} levels of parentheses and negations are allowed");
            return Err(self.error(QueryErrorKind::TooDeep, span, &help));
        }
        self.depth += 1;
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek().is_some_and(|piece| piece.token == *token);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<&Piece> {
        self.pieces.get(self.at)
    }

    fn error(&self, kind: QueryErrorKind, span: Span, help: &str) -> QueryError {
        QueryError::new(kind, self.query, span, help.to_owned())
    }
}

const OPERAND: &str = "write a word, a \"phrase\", a field such as from:alice, or ( here";

/// The only element by itself, or all of them combined.
fn one_or(mut list: Vec<Query>, combine: impl FnOnce(Vec<Query>) -> Query) -> Query {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        last => combine(list.into_iter().chain(last).collect()),
    }
}

#[cfg(test)]
mod tests;
