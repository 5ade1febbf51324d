//! Writes values as `serde_json` does, byte for byte, which the tests compare. Its writing of texts looks at each byte by
//! itself, and a message is mostly text: that, and what stands between values, is done here, eight bytes at a time; all
//! the rest is its own.

use serde::Serialize;
use serde::ser::{self, Serializer as _};
use serde_json::Error;

use super::cursor::is_plain;

/// Appends one value.
pub(super) fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    value.serialize(Writer { out, verbatim: false })
}

/// Writes one value.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// The next text is JSON already.
    verbatim: bool,
}

/// What `serde_json` calls a structure whose only member is JSON already.
const VERBATIM: &str = "$serde_json::private::RawValue";

/// Appends a text.
fn text(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    if is_plain(text.as_bytes()) {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return Ok(());
    }
    serde_json::to_writer(out, text)
}

/// Values that `serde_json` writes.
macro_rules! theirs {
    ($($method:ident($type:ty),)*) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            serde_json::Serializer::new(self.out).$method(value)
        })*
    };
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'a>;
    type SerializeTuple = Members<'a>;
    type SerializeTupleStruct = Members<'a>;
    type SerializeTupleVariant = Members<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Members<'a>;

    theirs! {
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_i128(i128),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_u128(u128),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_bytes(&[u8]),
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        if self.verbatim {
            self.out.extend_from_slice(value.as_bytes());
            return Ok(());
        }
        text(value, self.out)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        serde_json::Serializer::new(self.out).collect_str(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut object = Members::of_variant(self.out, variant, b"", b"}")?;
        value.serialize(object.writer())?;
        object.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'a>, Error> {
        Ok(Members::open(self.out, b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'a>, Error> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Error> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Error> {
        Members::of_variant(self.out, variant, b"[", b"]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Error> {
        Ok(Members::open(self.out, b'{', b"}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Members<'a>, Error> {
        if name == VERBATIM {
            return Ok(Members { out: self.out, first: true, verbatim: true, end: b"" });
        }
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Error> {
        Members::of_variant(self.out, variant, b"{", b"}}")
    }
}

/// What stands in a list or an object, one after the other.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
    verbatim: bool,
    /// What comes behind the last one.
    end: &'static [u8],
}

impl<'a> Members<'a> {
    fn open(out: &'a mut Vec<u8>, begin: u8, end: &'static [u8]) -> Self {
        out.push(begin);
        Self { out, first: true, verbatim: false, end }
    }

    /// Those of an enum's variant, which stand under its name.
    fn of_variant(
        out: &'a mut Vec<u8>,
        variant: &str,
        begin: &[u8],
        end: &'static [u8],
    ) -> Result<Self, Error> {
        let members = Self::open(out, b'{', end);
        text(variant, members.out)?;
        members.out.push(b':');
        members.out.extend_from_slice(begin);
        Ok(members)
    }

    fn writer(&mut self) -> Writer<'_> {
        Writer { out: self.out, verbatim: self.verbatim }
    }

    fn next(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next();
        value.serialize(self.writer())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        if !self.verbatim {
            self.next();
            text(name, self.out)?;
            self.out.push(b':');
        }
        value.serialize(self.writer())
    }

    fn close(self) -> Result<(), Error> {
        self.out.extend_from_slice(self.end);
        Ok(())
    }
}

/// Lists, by the name of what adds to them.
macro_rules! lists {
    ($($list:ident: $method:ident,)*) => {
        $(impl ser::$list for Members<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

lists! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

/// Objects whose members' names are known.
macro_rules! structures {
    ($($structure:ident,)*) => {
        $(impl ser::$structure for Members<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

structures! {
    SerializeStruct,
    SerializeStructVariant,
}

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Error;

    /// What may be a name, and how it is written then, is theirs: in an object of its own, of which the name is kept.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next();
        let start = self.out.len();
        let mut writer = serde_json::Serializer::new(&mut *self.out);
        writer.serialize_map(Some(1))?.serialize_key(key)?;
        self.out.remove(start);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        value.serialize(self.writer())
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Serialize;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    fn same<T: Serialize + ?Sized>(value: &T) {
        let mut out = b"before".to_vec();
        let ours = write(value, &mut out).map_err(|error| error.to_string());
        let theirs = serde_json::to_string(value).map_err(|error| error.to_string());
        assert_eq!(ours.map(|()| String::from_utf8(out.split_off(6)).unwrap()), theirs);
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct Newtype(u8);

    #[derive(Serialize)]
    struct Pair(u8, &'static str);

    #[derive(Serialize)]
    enum Variants {
        Unit,
        Newtype(Option<u8>),
        Pair(u8, f32),
        Named { a: char, b: () },
        Empty {},
    }

    #[derive(Serialize)]
    struct Named<'a> {
        text: &'a str,
        #[serde(rename = "a \"name\"\n")]
        renamed: i128,
        #[serde(skip_serializing_if = "Option::is_none")]
        skipped: Option<u8>,
        raw: &'a RawValue,
        variants: Vec<Variants>,
        nothing: (Unit, Newtype, Pair, [u8; 0]),
        #[serde(flatten)]
        more: BTreeMap<u8, bool>,
    }

    #[test]
    fn every_shape_is_written_as_theirs() {
        let raw = RawValue::from_string(r#"{ "as" : "it \u0041 is" }"#.to_owned()).unwrap();
        same(&Named {
            text: "with \u{1f} and \u{7f} and é and \\ and \" in it",
            renamed: i128::MIN,
            skipped: None,
            raw: &raw,
            variants: vec![
                Variants::Unit,
                Variants::Newtype(None),
                Variants::Newtype(Some(1)),
                Variants::Pair(1, f32::MIN_POSITIVE),
                Variants::Named { a: '"', b: () },
                Variants::Empty {},
            ],
            nothing: (Unit, Newtype(3), Pair(1, ""), []),
            more: BTreeMap::from([(1, true), (2, false)]),
        });
        same(&[f64::NAN, f64::INFINITY, -0.0, 1e300, 0.1]);
        same(&BTreeMap::from([("a\tb", 1), ("é", 2)]));
        same(&BTreeMap::from([(true, 'x'), (false, '\n')]));
        same(&BTreeMap::from([(-1_i64, None::<u8>)]));
        same(&format_args!("{}", "1\u{2028}\u{0}"));
        same(&u128::MAX);
    }

    #[test]
    fn what_they_refuse_is_refused_in_their_words() {
        same(&BTreeMap::from([(vec![1], 1)]));
        same(&BTreeMap::from([(Some(1), 1)]));
        same(&BTreeMap::from([((), 1)]));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,24}".prop_map(Value::from),
            r#"[a-c"\\\n\u{0}é]{0,24}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(".{0,12}", inner, 0..6).prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_written_as_theirs(value in any_value()) {
            same(&value);
        }
    }
}
