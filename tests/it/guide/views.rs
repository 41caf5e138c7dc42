//! `docs/guide/views.md`: its programs.

use dynamap::error::Reason;
use dynamap::testing::TestDatabase;
use dynamap::{Error, Model, Rebuild, Rows, View};

use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "players", view = HighScores, validate = false)]
struct Player {
    #[model(hash_key)]
    name: String,
    game: String,
    score: u32,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "high_scores", range_key = "{score:06}#{name}", validate = false)]
struct HighScore {
    #[model(hash_key)]
    game: String,
    score: u32,
    name: String,
}

struct HighScores;

impl View for HighScores {
    type Source = Player;
    type Row = HighScore;
    const NAME: &'static str = "high_scores";

    fn add(player: &Player, rows: &mut Rows<HighScore>) {
        let (game, name) = (player.game.clone(), player.name.clone());
        rows.put(HighScore { game, score: player.score, name });
    }
}

fn player(name: &str, score: u32) -> Player {
    Player { name: name.to_owned(), game: "doom".to_owned(), score, version: 0 }
}

async fn arcade() -> Result<TestDatabase, dynamap::testing::TestError> {
    TestDatabase::builder().with::<Player>().with::<HighScore>().build().await
}

#[tokio::test]
async fn a_row_of_one_item_moves_with_it() -> Outcome {
    let test = arcade().await?;
    let db = test.database().clone();

    let mut ann = player("Ann", 70).insert(&db).await?;
    player("Bob", 80).insert(&db).await?;
    ann.score = 90;
    ann.save(&db).await?; // her row moves, in the same transaction

    let best = HighScore::query(&db, "doom").reverse().limit(3).try_collect().await?;
    let names: Vec<&str> = best.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["Ann", "Bob"]);

    ann.delete(&db).await?;
    assert_eq!(HighScore::query(&db, "doom").count().await?, 1);
    Ok(())
}

/// The release before the view: it makes no rows.
mod before {
    use super::Model;

    #[derive(Debug, Clone, Model)]
    #[model(table = "players", validate = false)]
    pub struct Player {
        #[model(hash_key)]
        pub name: String,
        pub game: String,
        pub score: u32,
        #[model(version)]
        pub version: u64,
    }
}

#[tokio::test]
async fn a_rebuild_makes_the_rows_of_what_was_there_before_the_view() -> Outcome {
    let test = arcade().await?;
    let db = test.database().clone();
    let (name, game) = ("Ann".to_owned(), "doom".to_owned());
    before::Player { name, game, score: 7, version: 0 }.insert(&db).await?;
    let mut held = Player::get(&db, "Ann").await?.ok_or("no player")?;

    let rebuilt = Rebuild::<HighScores>::of(&db).run().await?;
    assert_eq!(rebuilt.items, 1);
    assert!(Rebuild::<HighScores>::of(&db).verify().await?.is_exact());

    let best = HighScore::query(&db, "doom").one().await?;
    assert_eq!((best.name.as_str(), best.score), ("Ann", 7));

    // Who loaded the item before finds another nonce under the same version.
    held.score = 8;
    let error = held.save(&db).await.expect_err("it was rewritten");
    let Error::Conflict(conflict) = error else { return Err(error.into()) };
    assert_eq!(*conflict.failures()[0].reason(), Reason::Recreated);
    Ok(())
}
