//! A value that the validation of its model refused.

use garde::Report;

/// A value that the model's validation refused.
///
/// ```
/// # use dynamap::{Database, Error, Model};
/// use garde::Validate;
///
/// #[derive(Debug, Clone, Model, Validate)]
/// #[model(table = "accounts")]
/// struct Account {
///     #[model(hash_key)]
///     #[garde(skip)]
///     id: u64,
///     #[garde(range(min = 0))]
///     balance: i64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// let account = Account { id: 1, balance: -5 };
/// let Err(Error::Invalid(invalid)) = account.insert(&db).await else { panic!("it is invalid") };
/// assert_eq!(invalid.model, "Account");
/// let wrong: Vec<String> = invalid.report.iter().map(|(field, _)| field.to_string()).collect();
/// assert_eq!(wrong, ["balance"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Invalid {
    /// The model.
    pub model: &'static str,
    /// Everything that is wrong with it, by field.
    pub report: Report,
    pub(crate) renamed: &'static [(&'static str, &'static str)],
}

impl Invalid {
    /// What is wrong, by attribute as it is stored: `e-mail`, where the report says `email`.
    ///
    /// Below the first name, inside documents, the names are those of the fields.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model};
    /// # fn check(_: &Account) -> Result<(), garde::Report> {
    /// #     let mut report = garde::Report::new();
    /// #     report.append(garde::Path::new("email"), garde::Error::new("not an address"));
    /// #     Err(report)
    /// # }
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate_with = check)]
    /// # struct Account { #[model(hash_key)] id: u64, #[model(rename = "e-mail")] email: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// let account = Account { id: 1, email: "ann".into() };
    /// let Err(Error::Invalid(invalid)) = account.insert(&db).await else { panic!("it is invalid") };
    /// let wrong: Vec<String> = invalid.attributes().map(|(path, _)| path).collect();
    /// assert_eq!(wrong, ["e-mail"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn attributes(&self) -> impl Iterator<Item = (String, &garde::Error)> {
        self.report.iter().map(|(path, error)| (self.stored_path(&path.to_string()), error))
    }

    fn stored_path(&self, path: &str) -> String {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (field, rest) = path.split_at(end);
        let field = field.strip_prefix("r#").unwrap_or(field);
        let stored = self.renamed.iter().find(|(name, _)| *name == field);
        format!("{}{rest}", stored.map_or(field, |(_, stored)| stored))
    }
}

/// Everything that is wrong, in one line.
pub(super) fn one_line(report: &Report) -> String {
    report.to_string().trim_end().replace('\n', "; ")
}
