//! What must not compile, and what the compiler says then. One mistake per file in `tests/ui`.

#[test]
fn wrong_programs_do_not_compile_and_are_told_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    cases.pass("tests/pass/*.rs");
}
