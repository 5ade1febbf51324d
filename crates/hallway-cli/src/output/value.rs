//! A JSON value whose members keep the order in which they came.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Number;

/// A JSON value; an object's members are in order, as their service wrote them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Value {
    /// Anything as it is written.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> std::io::Result<Self> {
        Ok(serde_json::from_str(&serde_json::to_string(value)?)?)
    }

    /// The elements of a list; of anything else, itself.
    pub(crate) fn elements(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            other => std::slice::from_ref(other),
        }
    }

    /// The member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What a path of names and numbers with dots between them leads to; of a list, in each element, unless the path says
    /// which.
    ///
    /// # Errors
    /// When it leads nowhere: what there is at that point.
    pub(crate) fn field(&self, path: &str) -> Result<Vec<&Self>, String> {
        let mut found = vec![self];
        for name in path.split('.') {
            let mut next = Vec::new();
            for value in found {
                match value {
                    Self::List(elements) => match name.parse::<usize>() {
                        Ok(index) => next.extend(elements.get(index)),
                        Err(_) => {
                            for element in elements {
                                next.push(element.member(name).ok_or_else(|| element.lacks(name))?);
                            }
                        }
                    },
                    value => next.push(value.member(name).ok_or_else(|| value.lacks(name))?),
                }
            }
            found = next;
        }
        Ok(found)
    }

    fn lacks(&self, name: &str) -> String {
        let names: Vec<&str> = match self {
            Self::Object(members) => members.iter().map(|(name, _)| name.as_str()).collect(),
            _ => return format!("no field `{name}` in what is no object"),
        };
        hallway::service::near::unknown(&format!("field `{name}`"), name, &names)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(elements) => elements.serialize(serializer),
            Self::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, value)| object.serialize_entry(name, value))?;
                object.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // JSON has no way to write those that are no numbers.
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Value::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let text = r#"{"b":1,"a":[true,null,-2,0.5,"x"],"c":{}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
    }

    #[test]
    fn a_field_is_found_in_objects_and_in_each_element_of_a_list() {
        let value: Value = serde_json::from_str(r#"[{"a":{"b":1}},{"a":{"b":2}}]"#).unwrap();
        let found = |path| value.field(path).map(|found| Value::of(&found).unwrap());
        assert_eq!(found("a.b"), Ok(serde_json::from_str("[1,2]").unwrap()));
        assert_eq!(found("1.a.b"), Ok(serde_json::from_str("[2]").unwrap()));
        assert_eq!(found("7.a"), Ok(Value::List(vec![])));
        assert_eq!(found("a.bb").unwrap_err(), "no field `bb`; did you mean `b`? (there are: b)");
        assert_eq!(found("a.b.c").unwrap_err(), "no field `c` in what is no object");
    }
}
