//! `rename_all`: the spelling of the stored names.

use heck::{
    ToKebabCase as _, ToLowerCamelCase as _, ToPascalCase as _, ToShoutySnakeCase as _,
    ToSnakeCase as _,
};

use super::Words;
use crate::ctxt::Ctxt;

/// How stored names are made from the names in Rust.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Case {
    /// As they are.
    #[default]
    Same,
    Snake,
    Camel,
    Pascal,
    Kebab,
    Screaming,
    Lower,
    Upper,
}

const CASES: [(&str, Case); 7] = [
    ("snake_case", Case::Snake),
    ("camelCase", Case::Camel),
    ("PascalCase", Case::Pascal),
    ("kebab-case", Case::Kebab),
    ("SCREAMING_SNAKE_CASE", Case::Screaming),
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
];

impl Case {
    /// What `rename_all` says, if it is there.
    pub(super) fn read(ctxt: &mut Ctxt, words: &mut Words) -> Self {
        let Some(given) = words.text(ctxt, "rename_all") else { return Self::Same };
        let text = given.value();
        if let Some((_, case)) = CASES.iter().find(|(name, _)| *name == text) {
            return *case;
        }
        let known = CASES.map(|(name, _)| format!("`{name}`")).join(", ");
        ctxt.error(&given, format!("`{text}` is no way to spell names: write one of {known}"));
        Self::Same
    }

    pub(super) fn apply(self, name: &str) -> String {
        match self {
            Self::Same => name.to_owned(),
            Self::Snake => name.to_snake_case(),
            Self::Camel => name.to_lower_camel_case(),
            Self::Pascal => name.to_pascal_case(),
            Self::Kebab => name.to_kebab_case(),
            Self::Screaming => name.to_shouty_snake_case(),
            Self::Lower => name.to_lowercase(),
            Self::Upper => name.to_uppercase(),
        }
    }
}
