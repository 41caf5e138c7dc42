//! Collects every error of one derive, so that the user sees all of them at once.

use quote::ToTokens;
use syn::Error;

/// The errors found so far; [`finish`](Ctxt::finish) combines them.
#[derive(Default)]
#[must_use = "errors that are not reported let broken input through"]
pub(crate) struct Ctxt {
    errors: Option<Error>,
}

impl Ctxt {
    /// Reports a mistake at the tokens that are to be changed.
    pub(crate) fn error(&mut self, at: impl ToTokens, sentence: impl std::fmt::Display) {
        self.syn_error(Error::new_spanned(at, sentence));
    }

    /// Reports what the parser found.
    pub(crate) fn syn_error(&mut self, error: Error) {
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            None => self.errors = Some(error),
        }
    }

    /// `value`, unless an error was reported; `None` stands for input that could not be understood.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Error> {
        match (self.errors.take(), value) {
            (None, Some(value)) => Ok(value),
            (Some(errors), _) => Err(errors),
            (None, None) => Err(Error::new(
                proc_macro2::Span::call_site(),
                "the derive refused this type without a reason, which is a bug in dynamap",
            )),
        }
    }
}
