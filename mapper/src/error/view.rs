//! What can be wrong with the rows of a view.

use super::Target;

/// Why an item was not written because of the rows of its view. Nothing was written.
///
/// ```
/// # use dynamap::{Database, Error, Model, Rows, Table, View};
/// use dynamap::error::ViewError;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", view = ByCountry, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, country: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users_by_country", validate = false)]
/// # struct CountryRow { #[model(hash_key)] country: String, #[model(default)] users: u64 }
/// # struct ByCountry;
/// # impl View for ByCountry {
/// #     type Source = User;
/// #     type Row = CountryRow;
/// #     const NAME: &'static str = "by_country";
/// #     fn add(user: &User, rows: &mut Rows<CountryRow>) { rows.add(&user.country, CountryRow::USERS, 1); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<CountryRow>::create(&db).await?;
/// CountryRow { country: "CH".into(), users: 9 }.insert(&db).await?; // made by hand, and not by the view
/// let Err(Error::View(error)) = User { id: 1, country: "CH".into() }.insert(&db).await else {
///     panic!("the row is not the view's")
/// };
/// let ViewError::Foreign { view, row } = *error else { panic!("{error}") };
/// assert_eq!((view, row.to_string().as_str()), ("by_country", "(country = \"CH\") of table users_by_country"));
/// assert!(User::get(&db, 1).await?.is_none()); // nothing was written
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// Items and rows are more than one transaction takes.
    #[error(
        "the items and their rows of view {view} are {writes} writes, and one transaction takes {limit}: write fewer items \
         together"
    )]
    TooMany {
        /// The view with the last row.
        view: &'static str,
        /// How many writes there would be.
        writes: usize,
        /// How many one transaction takes.
        limit: usize,
    },
    /// A newer program keeps the view. Deploy the newer release.
    #[error("view {view} of {target} was made by a newer program: deploy the newer release")]
    Newer {
        /// The view.
        view: String,
        /// The item or row.
        target: Box<Target>,
    },
    /// Another item has the row.
    #[error("row {row} of view {view} belongs to another item")]
    Taken {
        /// The view.
        view: &'static str,
        /// The row.
        row: Box<Target>,
    },
    /// There is a row that this view did not make: no view did, or another one. Empty the table before items are added to it.
    #[error("item {row} was not made by view {view}: delete it, or use another table for the view")]
    Foreign {
        /// The view.
        view: &'static str,
        /// The row.
        row: Box<Target>,
    },
    /// The row is an item that is written by the same call: the source itself, or another one.
    #[error(
        "row {row} of view {view} is written by the program too: only the view writes its rows"
    )]
    OwnItem {
        /// The view.
        view: &'static str,
        /// The row.
        row: Box<Target>,
    },
    /// One item adds to a row, and puts it.
    #[error("view {view} adds to row {row} and puts it: a row is of one of the two kinds")]
    Mixed {
        /// The view.
        view: &'static str,
        /// The row.
        row: Box<Target>,
    },
    /// What the item added is not known any more: a migration step moves it, or what it leaves does not fit the model. Raise
    /// the view's `GENERATION`, and rebuild.
    #[error(
        "{target} cannot be read as view {view} has counted it: raise the view's GENERATION and rebuild it"
    )]
    Unreadable {
        /// The view.
        view: &'static str,
        /// The item.
        target: Box<Target>,
    },
    /// A view of its own rows.
    #[error("view {view} is made of its own rows, perhaps through others: remove one of the views")]
    Cycle {
        /// The view.
        view: &'static str,
    },
}
