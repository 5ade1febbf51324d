use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::owned;
use super::super::{Call, Goaway, Hello, Progress, Protocol, code};
use super::*;

const DIALECT: Protocol = Protocol::JsonRpc;

fn decode(json: &str) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
    DIALECT.decode(Encoding::Json, json.as_bytes())
}

fn encode<P: Serialize>(message: &Message<'_, P>) -> String {
    let mut out = Vec::new();
    DIALECT.encode(Encoding::Json, message, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn messages_as_the_specification_shows_them() {
    let id = Id::Number(8);
    let mut call = Call::new(Some(Id::Number(7)), "mail.search", Some(json!({"query": "x"})));
    call.deadline_ms = Some(500);
    let error = WireError::new("bad_query", "no").with_details(&json!({"column": 3}));
    let value: Option<Value> = Some(5.into());
    for (message, text) in [
        (
            Message::Call(call),
            r#"{"jsonrpc":"2.0","id":7,"method":"mail.search","params":{"query":"x"},"deadline_ms":500,"window":64}"#,
        ),
        (Message::Call(Call::new(None, "mail.touch", None)), r#"{"jsonrpc":"2.0","method":"mail.touch"}"#),
        (Message::Result { id: id.clone(), value }, r#"{"jsonrpc":"2.0","id":8,"result":5}"#),
        (Message::Result { id: id.clone(), value: None }, r#"{"jsonrpc":"2.0","id":8,"result":null}"#),
        (
            Message::Error { id: Some(id.clone()), error },
            r#"{"jsonrpc":"2.0","id":8,"error":{"code":-32000,"message":"no","data":{"code":"bad_query","details":{"column":3},"retryable":false}}}"#,
        ),
        (
            Message::Item { id: id.clone(), seq: Some(3), value: true.into() },
            r#"{"jsonrpc":"2.0","method":"$/item","params":{"id":8,"seq":3,"item":true}}"#,
        ),
        (
            Message::Lagged { id: id.clone(), missed: 12, next: 4711 },
            r#"{"jsonrpc":"2.0","method":"$/lagged","params":{"id":8,"missed":12,"next":4711}}"#,
        ),
        (
            Message::Progress { id: id.clone(), progress: Progress::new(3, Some(10), "reading") },
            r#"{"jsonrpc":"2.0","method":"$/progress","params":{"token":8,"value":{"kind":"report","done":3,"total":10,"message":"reading","percentage":30}}}"#,
        ),
        (
            Message::Cancel { id: id.clone() },
            r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":8}}"#,
        ),
        (
            Message::Grant { id, items: 64 },
            r#"{"jsonrpc":"2.0","method":"$/grant","params":{"id":8,"items":64}}"#,
        ),
        (
            Message::Hello(Hello { program: "x".to_owned(), ..Hello::default() }),
            r#"{"jsonrpc":"2.0","method":"$/hello","params":{"program":"x"}}"#,
        ),
        (
            Message::Goaway(Goaway::new("closing", "idle", 8)),
            r#"{"jsonrpc":"2.0","method":"$/goaway","params":{"code":"closing","message":"idle","last":8}}"#,
        ),
    ] {
        assert_eq!(encode(&message), text);
        let read = decode(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        assert_eq!(std::mem::discriminant(&owned(read.clone())), std::mem::discriminant(&message), "{text}");
        assert_eq!(encode(&owned(read)), text);
    }
}

#[test]
fn an_id_is_echoed_letter_by_letter() {
    for id in [
        "1",
        "0",
        "-5",
        "1.5",
        "1.0",
        "1e3",
        "9007199254740991",
        "9007199254740993",
        "-0",
        "123456789012345678901234567890",
        "1E400",
        "null",
        "\"\"",
        "\"seven\"",
        "\"7\"",
        "\"\u{1f980}\"",
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#);
        let Ok(Message::Call(Call { id: Some(found), .. })) = decode(&text) else { panic!("{text}") };
        let answer = encode::<Value>(&Message::Result { id: found, value: None });
        assert_eq!(answer, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":null}}"#));
    }
}

#[test]
fn what_is_no_id_is_refused_under_none() {
    let long = format!("\"{}\"", "x".repeat(Id::TEXT_MAX + 1));
    let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    for id in ["{}", "[1]", "true", &long, "\"\\ud800\"", &"9".repeat(Id::TEXT_MAX + 1), &deep] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#);
        let refusal = decode(&text).unwrap_err();
        assert_eq!(
            (refusal.id, refusal.error.code.as_str()),
            (Some(Id::null()), code::BAD_MESSAGE),
            "{id:.40}"
        );
    }
}

#[test]
fn what_cannot_be_read_and_what_makes_no_sense_have_different_numbers() {
    for (body, number) in [
        ("nonsense", -32700),
        ("", -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"x""#, -32700),
        (r#"{"jsonrpc":"2.0","id":1} trailing"#, -32700),
        ("12 trailing", -32700),
        ("1", -32600),
        ("\"x\"", -32600),
        ("null", -32600),
        (r#"{"jsonrpc":"2.0","method":1}"#, -32600),
        (r#"{"id":1,"method":"x"}"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"x","result":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"x","window":-1}"#, -32600),
        (r#"{"jsonrpc":"2.0","result":1}"#, -32600),
    ] {
        let ProtocolError { id, error, .. } = decode(body).expect_err(body);
        let answer: Value = serde_json::from_str(&encode::<()>(&Message::Error { id, error })).unwrap();
        assert_eq!(answer["error"]["code"], number, "{body}: {answer}");
        assert!(number != -32700 || answer["id"].is_null(), "{body}");
    }
}

#[test]
fn a_failure_of_any_server_has_a_code() {
    for (error, code, details) in [
        (r#"{"code":-32000,"message":"no","data":{"code":"empty","details":[1]}}"#, "empty", json!([1])),
        (r#"{"code":-32601,"message":"no"}"#, "unknown_method", Value::Null),
        (r#"{"code":-32602,"message":"no","data":"limit"}"#, "bad_params", json!("limit")),
        (r#"{"code":-32700,"message":"no","data":null}"#, "bad_message", Value::Null),
        (r#"{"code":-32800}"#, "cancelled", Value::Null),
        (r#"{"code":-32000,"message":"no","data":{"code":7}}"#, "-32000", json!({"code": 7})),
        (r#"{"code":42,"message":"no"}"#, "42", Value::Null),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#);
        let Ok(Message::Error { error: found, .. }) = decode(&text) else { panic!("{text}") };
        assert_eq!((found.code.as_str(), found.details.unwrap_or_default()), (code, details), "{error}");
    }
    let both = r#"{"jsonrpc":"2.0","id":1,"result":5,"error":null}"#;
    assert!(matches!(decode(both), Ok(Message::Result { .. })));
    let none = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#;
    assert!(matches!(decode(none), Ok(Message::Error { id: None, .. })));
}

#[test]
fn what_nobody_knows_is_a_call_of_an_unknown_method() {
    for (method, params) in [
        ("$/setTrace", r#"{"value":"off"}"#),
        ("$/cancelRequest", r#"{"id":{}}"#),
        ("$/cancelRequest", "[1]"),
        ("$/grant", r#"{"id":1,"items":"all"}"#),
        ("$/hello", "5"),
        ("$/progress", r#"{"token":1,"value":"some"}"#),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#);
        assert!(matches!(decode(&text), Ok(Message::Call(Call { id: None, .. }))), "{text}");
    }
    // With an id it is no notification.
    let text = r#"{"jsonrpc":"2.0","id":2,"method":"$/cancelRequest","params":{"id":1}}"#;
    assert!(matches!(decode(text), Ok(Message::Call(_))));
    // Somebody waits for these.
    for method in ["$/item", "$/lagged"] {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"id":1}}}}"#);
        let refusal = decode(&text).unwrap_err();
        assert_eq!((refusal.id, refusal.answers), (Some(Id::Number(1)), Some(true)));
    }
}

#[test]
fn a_token_is_taken_out_of_the_parameters() {
    for (params, token, rest) in [
        (r#"{"workDoneToken":"t","a":1}"#, Some(Id::Text("t".into())), r#"{"a":1}"#),
        (
            r#"{ "a" : 1 , "workDoneToken" : 5, "b\n\"":[2, 3]}"#,
            Some(Id::Number(5)),
            r#"{"a":1,"b\n\"":[2, 3]}"#,
        ),
        (r#"{"workDoneToken":null}"#, Some(Id::null()), "{}"),
        (r#"{"a":"workDoneToken"}"#, None, ""),
        (r#"{"workDoneToken":{}}"#, None, ""),
        (r#"["workDoneToken"]"#, None, ""),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{params}}}"#);
        let Ok(Message::Call(call)) = decode(&text) else { panic!("{text}") };
        assert_eq!(call.token, token, "{params}");
        if token.is_some() {
            assert_eq!(String::from_utf8(without_token(call.params.unwrap())).unwrap(), rest);
        }
    }
}

#[test]
fn a_list_is_taken_apart() {
    let split = |body: &str| {
        let found = DIALECT.batch(Encoding::Json, body.as_bytes())?;
        Some(found.map(|members| members.len()).map_err(|refusal| refusal.id))
    };
    for (body, expected) in [
        (r#"{"jsonrpc":"2.0"}"#, None),
        ("1", None),
        (" [1, [2], {}] ", Some(Ok(3))),
        ("[]", Some(Err(Some(Id::null())))),
        ("[1,2", Some(Err(None))),
        ("[1,]", Some(Err(None))),
        ("[1] 2", Some(Err(None))),
        (&format!("[{}1]", "1,".repeat(1023)), Some(Ok(1024))),
        (&format!("[{}1]", "1,".repeat(1024)), Some(Err(Some(Id::null())))),
        (&format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000)), Some(Ok(1))),
    ] {
        assert_eq!(split(body), expected, "{body:.40}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = DIALECT.decode(Encoding::Json, &bytes);
        let _ = DIALECT.batch(Encoding::Json, &bytes);
    }

    #[test]
    fn anything_like_a_message_is_answered(
        text in r#"[\[{]?("(jsonrpc|id|method|params|result|error|token|value|items?)"[:,]|"2.0"|"\$/(item|progress|grant|hello|lagged|cancelRequest)"|[{}\[\]:,0-9.]|null|-|")*"#,
    ) {
        let refusal = decode(&text).err();
        let message = refusal.map(|ProtocolError { id, error, .. }| Message::Error::<()> { id, error });
        // What is answered can be written.
        message.iter().for_each(|message| drop(encode(message)));
        let _ = DIALECT.batch(Encoding::Json, text.as_bytes());
    }
}
