use super::*;
use crate::mistakes;

fn parsed(item: &str) -> syn::Result<Service> {
    parsed_as(item, false)
}

fn parsed_as(item: &str, sidecar: bool) -> syn::Result<Service> {
    let options = Options { name: "mail".to_owned(), version: "1.0".to_owned(), sidecar };
    parse(options, syn::parse_str(item).expect("a trait"), Mistakes::default())
}

/// What is said about the methods of a service that is otherwise right.
fn said_of(methods: &str) -> Vec<String> {
    said_of_as(methods, false)
}

fn said_of_as(methods: &str, sidecar: bool) -> Vec<String> {
    mistakes::said_of(parsed_as(&format!("trait Mail {{ {methods} }}"), sidecar))
}

#[test]
fn a_method_is_read_with_all_that_belongs_to_it() {
    let service = parsed(
        "pub trait Mail: Debug {
            /// Finds mail.
            #[idempotent]
            #[bulk]
            #[params_max = 4 * KIB]
            #[name = \"find\"]
            #[cfg(unix)]
            async fn search(
                &self,
                /** The query. */ query: String,
                cx: &Context,
                #[default(50)] limit: u32,
                #[default] all: bool,
                since: Option<u64>,
            ) -> Result<Vec<u8>, E>;
        }",
    )
    .expect("read");
    let method = &service.methods[0];
    assert_eq!(method.wire_name(), "find");
    assert!(method.bulk && method.params_max.is_some());
    assert!(method.idempotent && matches!(method.inputs[1], Input::Context(_)));
    assert_eq!(method.attributes.len(), 2, "the doc comment and the condition stay");
    let names: Vec<_> = method.inputs.iter().map(|input| input.argument().ident.to_string()).collect();
    assert_eq!(names, ["query", "cx", "limit", "all", "since"]);
    let absent: Vec<_> = method
        .parameters()
        .map(|parameter| match &parameter.default {
            Absent::Refused => format!("refused {}", parameter.docs),
            Absent::TypeDefault => "the type's".to_owned(),
            Absent::Value(value) => value.to_token_stream().to_string(),
        })
        .collect();
    assert_eq!(absent, ["refused The query.", "50", "the type's", "refused "]);
}

#[test]
fn what_is_wrong_with_a_method_is_said() {
    for (methods, says) in [
        ("async fn f();", "write `&self` as its first argument"),
        ("async fn f(query: String);", "write `&self` as its first argument"),
        ("async fn f(&mut self);", "behind a lock"),
        ("async fn f(self);", "write `&self`"),
        ("async fn f(self: Arc<Self>);", "write `&self`"),
        ("async fn f(&'static self);", "write `&self`"),
        ("async fn f<T>(&self, query: T);", "cannot be generic"),
        ("async fn f(&self) where Self: Sized;", "cannot be generic"),
        ("async fn f(&self) {}", "has no body"),
        ("async unsafe fn f(&self);", "remove this"),
        ("async extern \"C\" fn f(&self);", "remove this"),
        ("fn f(&self) -> u8;", "write `async fn`"),
        ("async fn f(&self, (a, b): (u8, u8));", "write a plain name"),
        ("async fn f(&self, mut a: u8);", "write a plain name"),
        ("async fn f(&self, _: u8);", "write a plain name"),
        ("async fn f(&self, a: &str);", "write `String`"),
        ("async fn f(&self, a: impl Into<String>);", "write a concrete type"),
        ("async fn f(&self, a: &Context, b: &hallway::Context);", "one context"),
        ("async fn f(&self, cx: Context);", "write `&Context`"),
        ("async fn f(&self, cx: &mut Context);", "write `&Context`"),
        ("async fn f(&self, #[default] cx: &Context);", "has no default"),
        ("async fn f(&self, #[default = 3] a: u8);", "write `#[default(3)]`"),
        ("async fn f(&self, #[default()] a: u8);", "unexpected end of input"),
        ("async fn f(&self, #[default(1)] #[default(2)] a: u8);", "twice"),
        ("async fn f(&self, #[cfg(unix)] a: u8);", "put this on the method"),
        ("#[notification] async fn f(&self) -> u8;", "remove this return type"),
        ("#[notification] fn f(&self) -> impl Stream<Item = u8>;", "cannot be a stream"),
        ("#[idempotent(yes)] async fn f(&self);", "carries nothing"),
        ("#[bulk = true] async fn f(&self);", "carries nothing"),
        ("#[params_max] async fn f(&self);", "`#[params_max = 4 * 1024 * 1024]`"),
        ("#[params_max(4096)] async fn f(&self);", "`#[params_max = 4 * 1024 * 1024]`"),
        ("#[params_max = \"4 KiB\"] async fn f(&self);", "`#[params_max = 4 * 1024 * 1024]`"),
        ("#[params_max = 1] #[params_max = 2] async fn f(&self);", "twice"),
        ("#[name = 3] async fn f(&self);", "write a string"),
        ("#[name(\"x\")] async fn f(&self);", "write a string"),
        ("#[name = \"Find\"] async fn f(&self);", "`Find` cannot be the name of a method"),
        ("async fn findAll(&self);", "`findAll` cannot be the name of a method"),
        ("async fn f(&self); #[name = \"f\"] async fn g(&self);", "a method `f` already"),
        ("async fn with(&self);", "`#[name = \"with\"]`"),
        ("const LIMIT: u32;", "methods only"),
        ("type Item;", "methods only"),
        ("", "without methods"),
    ] {
        let said = said_of(methods);
        assert_eq!(said.len(), 1, "{methods}: {said:#?}");
        assert!(said[0].contains(says), "{methods}: {said:?} does not say {says:?}");
    }
}

#[test]
fn what_is_wrong_with_messages_is_said() {
    for (methods, sidecar, says) in [
        (
            "#[reply = \"list\"] async fn f(&self) -> u8;",
            false,
            "write `sidecar` beside the service's version",
        ),
        ("#[reply(list)] async fn f(&self) -> u8;", true, "`#[reply = \"...\"]`"),
        ("#[reply = \"List\"] async fn f(&self) -> u8;", true, "`List` cannot be the type of a message"),
        ("#[reply = \"error\"] async fn f(&self) -> u8;", true, "the sidecar dialect's own"),
        ("#[reply = \"a\"] #[reply = \"b\"] async fn f(&self) -> u8;", true, "twice"),
        ("#[reply = \"a\"] #[notification] async fn f(&self);", true, "does not answer with one value"),
        ("#[reply = \"a\"] fn f(&self) -> impl Stream<Item = u8>;", true, "does not answer with one value"),
        ("#[reply = \"a\"] fn f(&self) -> Subscription<u8>;", true, "does not answer with one value"),
        ("async fn hello(&self);", true, "write `#[name = \"...\"]`"),
        ("#[name = \"item\"] async fn f(&self);", true, "write `#[name = \"...\"]`"),
        ("fn f(&self, room: u64) -> Subscription<u8>;", true, "write `room: Option<u64>`"),
    ] {
        let said = said_of_as(methods, sidecar);
        assert_eq!(said.len(), 1, "{methods}: {said:#?}");
        assert!(said[0].contains(says), "{methods}: {said:?} does not say {says:?}");
    }
    for methods in [
        "#[reply = \"a\"] async fn f(&self) -> Result<u8, E>;",
        "#[reply = \"done\"] async fn f(&self);",
        "fn f(&self, cx: &Context, since: Option<u64>, #[default] a: u8, #[default(3)] b: u8) -> Subscription<u8>;",
    ] {
        assert!(parsed_as(&format!("trait Mail {{ {methods} }}"), true).is_ok(), "{methods}");
    }
    assert!(parsed("trait Mail { async fn hello(&self); }").is_ok(), "a name like any other");
}

#[test]
fn what_is_wrong_with_a_trait_is_said() {
    for (item, says) in [
        ("trait Mail<T> { async fn f(&self); }", "cannot be generic"),
        ("trait Mail where Self: Sized { async fn f(&self); }", "cannot be generic"),
        ("unsafe trait Mail { async fn f(&self); }", "cannot be `unsafe`"),
    ] {
        let said = parsed(item).expect_err(item).to_string();
        assert!(said.contains(says), "{item}: {said:?} does not say {says:?}");
    }
}

#[test]
fn all_mistakes_are_said_at_once() {
    let said = said_of("async fn f(&mut self, a: &str, (b, c): (u8, u8)) -> Result<u8>; fn g(&self);");
    assert_eq!(said.len(), 5, "{said:#?}");
}

#[test]
fn one_method_in_two_configurations_is_one_method() {
    let service =
        parsed("trait Mail { #[cfg(unix)] async fn f(&self); #[cfg(not(unix))] async fn f(&self); }");
    assert!(service.is_ok());
}
