//! What the compiler says of a declaration that is wrong.

#[test]
fn mistakes_are_shown_where_they_are_made() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
