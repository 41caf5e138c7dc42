//! The chapter "From Toasty".

use dynamap::{Database, Error, Model, Ref, Table, Transaction, Unique};
use uuid::Uuid;

use crate::support::Outcome;

#[derive(Debug, Clone, Default, Model)]
#[model(table = "posts", validate = false)]
#[model(gsi(by_state, hash_key = state))]
struct Post {
    #[model(hash_key)]
    user_id: Uuid,
    #[model(range_key, uuid)]
    id: Uuid,
    #[model(unique)]
    slug: String,
    state: String,
    title: String,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key)]
    id: Uuid,
    posts: u64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "comments", validate = false)]
#[model(gsi(by_author, hash_key = author))]
struct Comment {
    #[model(hash_key)]
    id: u64,
    author: Ref<User>,
    text: String,
}

async fn blog() -> Result<(Database, Uuid), Box<dyn std::error::Error>> {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Post>::create(&db).await?;
    Table::<User>::create(&db).await?;
    Table::<Comment>::create(&db).await?;
    let id = Uuid::from_u128(7);
    User { id, posts: 0, version: 0 }.insert(&db).await?;
    Ok((db, id))
}

fn hello(user_id: Uuid) -> Post {
    let (slug, state) = ("hello".to_owned(), "draft".to_owned());
    Post { user_id, slug, state, title: "Hello".to_owned(), ..Post::default() }
}

#[tokio::test]
async fn the_same_model_does_the_same_work() -> Outcome {
    let (db, user_id) = blog().await?;
    let mut post = Post {
        user_id,
        slug: "hello".to_owned(),
        state: "draft".to_owned(),
        title: "Hello".to_owned(),
        ..Post::default()
    }
    .insert(&db)
    .await?;
    post.title = "Hello again".to_owned();
    post.save(&db).await?;
    let drafts = Post::BY_STATE.query(&db, "draft").try_collect().await?;

    assert_eq!((drafts.len(), post.version), (1, 2));
    assert!(!post.id.is_nil());
    let found = Unique::find(&db, Post::SLUG, "hello").await?.expect("the post");
    assert_eq!(found.title, "Hello again");
    assert!(hello(user_id).insert(&db).await.expect_err("the slug is taken").is_conflict());
    Ok(())
}

#[tokio::test]
async fn two_models_are_written_together() -> Outcome {
    let (db, user_id) = blog().await?;
    Transaction::run(&db, |tx| async move {
        let mut user = User::get(&tx, user_id).await?.expect("the user");
        user.posts += 1;
        tx.save(user)?;
        tx.insert(hello(user_id))?;
        Ok::<_, Error>(())
    })
    .await?;
    assert_eq!(User::get(&db, user_id).await?.expect("the user").posts, 1);
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_an_item_is_found_by_an_index() -> Outcome {
    let (db, user_id) = blog().await?;
    let user = User::get(&db, user_id).await?.expect("the user");
    let comment = Comment { id: 1, author: Ref::of(&user), text: "first".to_owned() };
    comment.insert(&db).await?;

    let comments = Comment::BY_AUTHOR.query(&db, &Ref::of(&user)).try_collect().await?;
    let authors = Ref::load_all(&db, comments.iter().map(|comment| &comment.author)).await?;

    assert_eq!((comments[0].text.as_str(), authors.len()), ("first", 1));
    Ok(())
}

#[tokio::test]
async fn a_scan_is_written_as_one_and_can_be_forbidden() -> Outcome {
    let (db, user_id) = blog().await?;
    hello(user_id).insert(&db).await?;
    let db = Database::builder(db.client().clone()).forbid_scans().build();
    let drafts = Post::scan(&db).filter(Post::STATE.eq("draft")).try_collect().await;
    assert!(matches!(drafts, Err(Error::ScanForbidden(_))));
    Ok(())
}
