//! Where the members of an object stand, found without reading them.
//!
//! What is not taken here may be wrong, or only rare, and is for the reader that says what is wrong. What is taken is
//! valid JSON, and the members are those that the reader would find: the tests compare them.

use super::cursor::Cursor;

/// The most members that are found in one object. An envelope has at most eight.
const MEMBERS_MAX: usize = 8;

/// The members of an object: their names, and their values as they stand there.
pub(super) struct Members<'a> {
    found: [(&'a str, &'a [u8]); MEMBERS_MAX],
    count: usize,
}

impl<'a> Members<'a> {
    /// Those of the object in `text`, if it is that and nothing else.
    pub(super) fn find(text: &'a [u8]) -> Option<Self> {
        let mut members = Self { found: [("", &[][..]); MEMBERS_MAX], count: 0 };
        let mut at = Cursor::new(text);
        at.space();
        at.byte(b'{')?;
        at.space();
        if at.byte(b'}').is_none() {
            loop {
                let name = at.plain_string()?;
                at.colon()?;
                at.space();
                *members.found.get_mut(members.count)? = (name, at.raw_value()?);
                members.count += 1;
                at.space();
                match at.next()? {
                    b',' => at.space(),
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        at.space();
        at.is_end_of_text().then_some(members)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.found.iter().take(self.count).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::super::cursor::DEPTH_MAX;
    use super::*;

    /// What the reader finds: names, and values as they stand there.
    fn read(text: &str) -> Option<Vec<(String, String)>> {
        struct All(Vec<(String, String)>);
        impl<'de> serde::Deserialize<'de> for All {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                struct Each;
                impl<'de> serde::de::Visitor<'de> for Each {
                    type Value = All;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<All, M::Error> {
                        let mut all = Vec::new();
                        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                            all.push((name, value.get().to_owned()));
                        }
                        Ok(All(all))
                    }
                }
                reader.deserialize_map(Each)
            }
        }
        serde_json::from_str(text).ok().map(|All(all)| all)
    }

    fn found(text: &str) -> Option<Vec<(String, String)>> {
        let text_of = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        let owned = |(name, value): (&str, &[u8])| (name.to_owned(), text_of(value));
        Members::find(text.as_bytes()).map(|members| members.iter().map(owned).collect())
    }

    /// Whatever is taken, the reader takes too, and finds the same in it.
    fn agrees(text: &str) {
        if let Some(found) = found(text) {
            assert_eq!(read(text), Some(found), "{text:?}");
        }
    }

    #[test]
    fn what_everybody_writes_is_found() {
        for text in [
            r#"{"v":1,"id":7,"call":"mail.search","params":{"query":"is:unread","limit":20},"deadline_ms":30000}"#,
            r#"{ "id" : -0.5e+7 , "call" : "a" , "x" : [ [ ] , { } , [ 1 , "\u00e9\n" ] , { "y" : null } ] }"#,
            r#"{"jsonrpc":"2.0","id":"é","result":[true,false,null,0,1.5,1E3]}"#,
            "{}",
            " {\t\"a\"\r:\n1 } ",
        ] {
            assert_eq!(found(text), read(text), "{text}");
            assert!(found(text).is_some(), "{text}");
        }
    }

    #[test]
    fn nothing_is_taken_that_is_not_json() {
        for text in [
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":+1}"#,
            r#"{"a":1e}"#,
            r#"{"a":-}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u00g0"}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"12345678\u{1}\"}",
            r#"{"a":[1,]}"#,
            r#"{"a":[1}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":1,}"#,
            r#"{"a":1}}"#,
            r#"{"a":1"#,
            r#"{a:1}"#,
            r#"{"a" 1}"#,
            r#"{"a":{,}}"#,
            r#"{"a":[,]}"#,
            r#"{"a":}"#,
            "[1]",
            "1",
            "",
            r#"{"a":nul"#,
            r#"{"a":"#,
            r#"{"a":{1:2}}"#,
            r#"{"a":1} x"#,
            "{\"a\":\u{a0}1}",
        ] {
            assert_eq!(read(text), None, "{text}");
            assert!(Members::find(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_rare_is_left_to_the_reader() {
        let deep = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(Members::find(deep(DEPTH_MAX as usize + 1).as_bytes()).is_some(), "the innermost is empty");
        assert!(Members::find(deep(DEPTH_MAX as usize + 2).as_bytes()).is_none());
        assert!(Members::find(br#"{"\u0061":1}"#).is_none());
        let many = |members: usize| {
            let members: BTreeMap<_, _> = (0..members).map(|member| (member.to_string(), 0)).collect();
            serde_json::to_string(&members).unwrap()
        };
        assert!(Members::find(many(MEMBERS_MAX).as_bytes()).is_some());
        assert!(Members::find(many(MEMBERS_MAX + 1).as_bytes()).is_none());
    }

    #[test]
    fn a_text_ends_where_it_ends_wherever_it_begins() {
        for before in 0..9 {
            for after in 0..20 {
                let text =
                    format!(r#"{{"{}":"{}\"{}"}}"#, "x".repeat(before), "é".repeat(after), "y".repeat(after));
                assert_eq!(found(&text), read(&text), "{text}");
                assert!(found(&text).is_some());
            }
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_reader(text in r#"\{("[a-c\\"é]{0,9}" ?: ?([0-9eE.+-]{1,4}|"[a-c\\u0"]{0,9}"|[\[\]{},:1"]{1,8}|true|null),?){0,3}\}"#) {
            agrees(&text);
        }

        #[test]
        fn it_agrees_with_the_reader_on_whatever_bytes(text in r#"[{}\[\]",:\\ 0-9a-z]{0,40}"#) {
            agrees(&format!("{{\"a\":{text}}}"));
        }
    }
}
