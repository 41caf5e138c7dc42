//! What must not compile, and what the compiler says then. One mistake per file in `tests/ui`.

#[test]
fn wrong_programs_do_not_compile_and_are_told_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
