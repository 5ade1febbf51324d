use jiff::civil::date;
use proptest::prelude::*;

use super::super::{Age, AgeUnit, DatePart, State, When};
use super::*;

fn word(text: &str) -> Query {
    in_field(None, text)
}

fn in_field(field: impl Into<Option<TextField>>, text: &str) -> Query {
    Query::Term(Term::Text { field: field.into(), text: text.to_owned() })
}

fn not(query: Query) -> Query {
    Query::Not(Box::new(query))
}

fn term(query: &str) -> Term {
    match parse(query) {
        Ok(Query::Term(term)) => term,
        other => panic!("{query}: {other:?}"),
    }
}

fn mistake(query: &str) -> (QueryErrorKind, usize, String) {
    let error = parse(query).expect_err(query);
    (error.kind, error.column, error.piece)
}

#[test]
fn words_phrases_and_fields() {
    assert_eq!(parse(""), Ok(Query::All));
    assert_eq!(parse(" \t\n"), Ok(Query::All));
    assert_eq!(parse("invoice"), Ok(word("invoice")));
    assert_eq!(parse("\"next week\""), Ok(word("next week")));
    assert_eq!(parse("foo-bar"), Ok(word("foo-bar")));
    assert_eq!(parse("12:30"), Ok(word("12:30")));
    assert_eq!(parse("FROM:alice"), Ok(in_field(TextField::From, "alice")));
    assert_eq!(parse("subject:\"a (b)\""), Ok(in_field(TextField::Subject, "a (b)")));
    assert_eq!(parse("label:\"to do\""), Ok(Query::Term(Term::Label("to do".into()))));
    assert_eq!(parse("has:attachment"), Ok(Query::Term(Term::HasAttachment)));
    assert_eq!(parse("is:Replied"), Ok(Query::Term(Term::Is(State::Replied))));
}

#[test]
fn or_binds_weaker_than_a_space() {
    let expected =
        Query::Or(vec![Query::And(vec![word("a"), word("b")]), Query::And(vec![word("c"), word("d")])]);
    assert_eq!(parse("a b OR c d"), Ok(expected.clone()));
    assert_eq!(parse("a AND b OR c AND d"), Ok(expected));
    let grouped = Query::And(vec![word("a"), Query::Or(vec![word("b"), word("c")]), word("d")]);
    assert_eq!(parse("a (b OR c) d"), Ok(grouped));
    assert_eq!(parse("a or b"), Ok(Query::And(vec![word("a"), word("or"), word("b")])));
}

#[test]
fn negation_takes_one_operand() {
    assert_eq!(parse("-a b"), Ok(Query::And(vec![not(word("a")), word("b")])));
    assert_eq!(parse("NOT from:bob"), Ok(not(in_field(TextField::From, "bob"))));
    assert_eq!(parse("-(a b)"), Ok(not(Query::And(vec![word("a"), word("b")]))));
    assert_eq!(parse("--a"), Ok(not(not(word("a")))));
}

#[test]
fn dates_ages_and_sizes() {
    let calendar = |part| When::Calendar(part);
    assert_eq!(term("before:2024-02-29"), Term::Before(calendar(DatePart::Day(date(2024, 2, 29)))));
    assert_eq!(term("on:2024-03"), Term::On(calendar(DatePart::Month(date(2024, 3, 1)))));
    assert_eq!(term("after:2024"), Term::After(calendar(DatePart::Year(date(2024, 1, 1)))));
    assert_eq!(term("on:Today"), Term::On(When::Today));
    assert_eq!(term("before:yesterday"), Term::Before(When::Yesterday));
    assert_eq!(term("older:30d"), Term::Older(Age { count: 30, unit: AgeUnit::Days }));
    assert_eq!(term("newer:2w"), Term::Newer(Age { count: 2, unit: AgeUnit::Weeks }));
    assert_eq!(term("larger:10k"), Term::Larger(10 * 1024));
    assert_eq!(term("smaller:2M"), Term::Smaller(2 * 1024 * 1024));
    assert_eq!(term("larger:7"), Term::Larger(7));
}

#[test]
fn values_out_of_range_are_refused_where_they_stand() {
    for query in [
        "on:2023-02-29",
        "on:2024-13",
        "on:24",
        "on:2024-1-1",
        "on:2024-01-01-01",
        "on:+024",
        "older:30",
        "older:d",
        "older:10000d",
        "older:99999999999999999999d",
        "newer:2x",
        "larger:k",
        "larger:-1",
        "larger:99999999999999G",
        "is:red",
        "has:wings",
    ] {
        let value_column = query.find(':').unwrap() + 2;
        assert_eq!(
            mistake(query),
            (QueryErrorKind::BadValue, value_column, query[value_column - 1..].into())
        );
    }
}

#[test]
fn a_mistake_is_pointed_at() {
    use QueryErrorKind::*;
    let cases: &[(&str, QueryErrorKind, usize, &str)] = &[
        ("form:alice", UnknownField, 1, "form"),
        ("größe form:alice", UnknownField, 7, "form"),
        ("a from: b", MissingValue, 3, "from:"),
        ("from:\"\"", MissingValue, 1, "from:\"\""),
        ("from:(a OR b)", MissingValue, 1, "from:"),
        ("a ***", NoWords, 3, "***"),
        ("Foo - Bar", NoWords, 5, "-"),
        ("subject:\"!\"", NoWords, 9, "\"!\""),
        ("é \"abc", OpenQuote, 3, "\"abc"),
        ("from:\"abc", OpenQuote, 6, "\"abc"),
        ("a (b", OpenParenthesis, 3, "("),
        ("a) b", StrayParenthesis, 2, ")"),
        (")", StrayParenthesis, 1, ")"),
        ("()", MissingOperand, 2, ")"),
        ("(", MissingOperand, 2, ""),
        ("a OR", MissingOperand, 5, ""),
        ("OR a", MissingOperand, 1, "OR"),
        ("a OR OR b", MissingOperand, 6, "OR"),
        ("a NOT", MissingOperand, 6, ""),
    ];
    for &(query, kind, column, piece) in cases {
        assert_eq!(mistake(query), (kind, column, piece.to_owned()), "{query}");
    }
}

#[test]
fn the_message_shows_the_place_and_the_way_out() {
    let shown = parse("is:unread form:alice").unwrap_err().to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[..3], ["unknown field: form", "  is:unread form:alice", "            ^^^^"]);
    assert!(lines[3].starts_with("did you mean `from:`? the fields are from: to:"), "{}", lines[3]);

    let shown = parse("is:unraed").unwrap_err().to_string();
    assert!(shown.contains("did you mean `unread`?"), "{shown}");

    let shown = parse("a\tb\n(").unwrap_err().to_string();
    assert!(shown.contains("\n  a b (\n       ^\n"), "{shown}");
}

#[test]
fn the_caret_of_a_long_query_stays_in_sight() {
    let query = format!("{}form:x {}", "word ".repeat(60), "word ".repeat(60));
    let shown = parse(&query).unwrap_err().to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.iter().take(3).all(|line| line.chars().count() <= 80), "{shown}");
    let caret = lines[2].find('^').unwrap();
    assert_eq!(&lines[1][caret..caret + 4], "form");
}

#[test]
fn length_and_depth_are_bounded() {
    let longest = "ä".repeat(MAX_QUERY_CHARS);
    assert_eq!(parse(&longest), Ok(word(&longest)));
    let (kind, column, _) = mistake(&format!("{longest}ä"));
    assert_eq!((kind, column), (QueryErrorKind::TooLong, MAX_QUERY_CHARS + 1));

    let nest = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parse(&nest(MAX_DEPTH)), Ok(word("a")));
    let (kind, column, _) = mistake(&nest(MAX_DEPTH + 1));
    assert_eq!((kind, column), (QueryErrorKind::TooDeep, MAX_DEPTH + 1));
    assert_eq!(mistake(&format!("{}a", "-".repeat(MAX_DEPTH + 1))).0, QueryErrorKind::TooDeep);
}

/// Text made of the pieces the language is made of, which reaches far deeper than random characters.
fn query_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "(", ")", "-", "\"", " ", "OR", "AND", "NOT", ":", "from:", "is:", "on:", "older:", "larger:",
        "unread", "2024-02", "30d", "9k", "ünï", "日本", "\u{301}", "\n", "x",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_at_a_place_inside_it(query in prop_oneof![any::<String>(), query_like()]) {
        if let Err(error) = parse(&query) {
            prop_assert!(query.is_char_boundary(error.byte));
            prop_assert_eq!(query[..error.byte].chars().count() + 1, error.column);
            prop_assert!(query[error.byte..].starts_with(&error.piece));
            prop_assert!(error.to_string().contains('^'));
        }
    }

    #[test]
    fn what_is_quoted_is_found_verbatim(text in "[a-z]{1,5}[^\"]{0,40}") {
        prop_assert_eq!(parse(&format!("\"{text}\"")), Ok(word(&text)));
    }
}
