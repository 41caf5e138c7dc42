//! The checked input: everything that the expansion says, and nothing that could be wrong.

use proc_macro2::Ident;
use syn::{Expr, Path, Type, Visibility};

/// A struct that derives `Model`.
pub(crate) struct Model<'a> {
    pub(crate) krate: Path,
    pub(crate) ident: &'a Ident,
    pub(crate) table: String,
    pub(crate) schema: Schema,
    pub(crate) migrations: Option<Path>,
    pub(crate) validation: Validation,
    /// Whether an attribute that no field describes is an error.
    pub(crate) refuse_unknown: bool,
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) hash_key: Field<'a>,
    pub(crate) auto_increment: bool,
    pub(crate) range_key: Option<Field<'a>>,
    pub(crate) version: Option<Field<'a>>,
}

/// MAJOR.MINOR.PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
}

/// How values are validated before they are written.
pub(crate) enum Validation {
    /// By the struct's own `garde::Validate`.
    Garde,
    /// Not at all.
    Off,
    /// By a function of the user.
    With(Path),
}

/// A named field, of a model or of a struct that is stored as a map.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) vis: &'a Visibility,
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The name in the table.
    pub(crate) name: String,
    /// Names under which it is read too.
    pub(crate) aliases: Vec<String>,
    /// The name of the constant.
    pub(crate) constant: String,
    pub(crate) role: Role,
    pub(crate) default: Option<Default>,
    /// The converter that stores it in another form.
    pub(crate) with: Option<Converter>,
}

impl Field<'_> {
    /// Whether the field has an attribute of its own.
    pub(crate) fn is_named(&self) -> bool {
        !matches!(self.role, Role::Flattened | Role::Skipped)
    }
}

/// What stores a field in another form.
#[derive(Clone)]
pub(crate) enum Converter {
    /// One that the user names.
    Named(Path),
    /// The library's, for what serde can store.
    Serde,
}

/// What a field is for, named like the roles of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Field,
    HashKey,
    RangeKey,
    Version,
    /// Its entries are stored beside the other fields.
    Flattened,
    /// Not stored.
    Skipped,
}

/// What a field holds where nothing is stored.
#[derive(Clone)]
pub(crate) enum Default {
    /// `Default::default()` of its type.
    OfType,
    /// An expression of the user.
    Expr(Expr),
}

/// A type that derives `Attribute`.
pub(crate) struct Attribute<'a> {
    pub(crate) krate: Path,
    pub(crate) ident: &'a Ident,
    pub(crate) shape: Shape<'a>,
}

/// How a type is stored.
pub(crate) enum Shape<'a> {
    /// As a map.
    Map(Vec<Field<'a>>),
    /// As the one field it wraps.
    Newtype(&'a Type),
    /// As the name of a variant.
    Names(Vec<Variant<'a>>, Option<Other<'a>>),
    /// As a map, with an entry for the name of the variant.
    Tagged(Tagged<'a>),
}

/// An enum whose variants hold data.
pub(crate) struct Tagged<'a> {
    pub(crate) vis: &'a Visibility,
    /// The entry for the name of the variant.
    pub(crate) tag: String,
    pub(crate) variants: Vec<Variant<'a>>,
    pub(crate) other: Option<Other<'a>>,
}

/// A variant that is stored under its own name.
pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    /// The string that is stored.
    pub(crate) name: String,
    pub(crate) data: Data<'a>,
}

/// What a variant holds.
pub(crate) enum Data<'a> {
    Nothing,
    /// One unnamed field, which is stored under the name of the content.
    Value(Box<Field<'a>>),
    Fields(Vec<Field<'a>>),
}

/// The variant that keeps what is stored under a name that no variant has.
pub(crate) struct Other<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
}
