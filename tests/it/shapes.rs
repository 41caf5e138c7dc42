//! Shapes beyond one field, one attribute: enums with data.

use dynamap::{Attribute, AttributeValue, Database, Item, Model, Table};

use crate::support::{Outcome, n, put_raw, s, store, stored};

async fn table<M: Model>() -> Database {
    let (db, _) = store().await;
    Table::<M>::create(&db).await.expect("a table");
    db
}

fn m(entries: &[(&str, AttributeValue)]) -> AttributeValue {
    let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    AttributeValue::M(entries.collect())
}

#[derive(Debug, Clone, PartialEq, Attribute)]
#[model(rename_all = "snake_case")]
enum Shape {
    Dot,
    Circle {
        radius: f64,
        #[model(rename = "colour", alias = "color", default = "black".to_owned())]
        ink: String,
    },
    #[model(rename = "label")]
    Text(Option<String>),
    Group(Vec<Shape>),
    #[model(other)]
    Other(Item),
}

#[derive(Debug, Clone, PartialEq, Attribute)]
#[model(tag = "op", content = "of")]
enum Expr {
    Number(i64),
    Minus(Box<Expr>),
    Plus { left: Box<Expr>, right: Box<Expr> },
}

#[derive(Debug, Clone, PartialEq, Attribute)]
#[model(rename_all = "kebab-case")]
enum Level {
    Low,
    VeryHigh,
    #[model(other)]
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "drawings", validate = false)]
struct Drawing {
    #[model(hash_key)]
    id: u64,
    shape: Shape,
    level: Level,
    expr: Option<Expr>,
}

impl Drawing {
    fn new(id: u64, shape: Shape) -> Self {
        Self { id, shape, level: Level::Low, expr: None }
    }
}

fn circle(radius: f64) -> Shape {
    Shape::Circle { radius, ink: "red".to_owned() }
}

#[tokio::test]
async fn each_variant_is_stored_as_a_map_with_a_tag_and_comes_back() -> Outcome {
    let db = table::<Drawing>().await;
    for (shape, expected) in [
        (Shape::Dot, m(&[("type", s("dot"))])),
        (circle(1.5), m(&[("type", s("circle")), ("radius", n("1.5")), ("colour", s("red"))])),
        (Shape::Text(Some("x".to_owned())), m(&[("type", s("label")), ("value", s("x"))])),
        (Shape::Text(None), m(&[("type", s("label"))])),
        (
            Shape::Group(vec![Shape::Dot]),
            m(&[
                ("type", s("group")),
                ("value", AttributeValue::L(vec![m(&[("type", s("dot"))])])),
            ]),
        ),
    ] {
        let drawing = Drawing::new(1, shape).upsert(&db).await?;
        assert_eq!(drawing.image().get("shape"), Some(&expected));
        let read = Drawing::get(&db, 1).consistent().await?.expect("there");
        assert_eq!(*read, *drawing);
    }
    Ok(())
}

#[tokio::test]
async fn tag_and_content_have_the_names_that_are_given_and_variants_nest() -> Outcome {
    let db = table::<Drawing>().await;
    let one = || Box::new(Expr::Number(1));
    let sum = Expr::Plus { left: Box::new(Expr::Minus(one())), right: one() };
    let mut drawing = Drawing::new(1, Shape::Dot);
    drawing.expr = Some(sum.clone());
    let drawing = drawing.insert(&db).await?;
    let number = m(&[("op", s("Number")), ("of", n(1))]);
    let minus = m(&[("op", s("Minus")), ("of", number.clone())]);
    let plus = m(&[("op", s("Plus")), ("left", minus), ("right", number)]);
    assert_eq!(drawing.image().get("expr"), Some(&plus));
    assert_eq!(Drawing::get(&db, 1).await?.expect("there").expr, Some(sum));
    Ok(())
}

#[tokio::test]
async fn unknown_variants_are_kept_by_other_and_survive_a_save() -> Outcome {
    let db = table::<Drawing>().await;
    let star = m(&[("type", s("star")), ("points", n(5))]);
    let raw = [("id", n(1)), ("shape", star.clone()), ("level", s("unheard-of"))];
    put_raw(&db, "drawings", &raw).await;
    let mut drawing = Drawing::get(&db, 1).await?.expect("there");
    let Shape::Other(map) = &drawing.shape else { panic!("{:?}", drawing.shape) };
    assert_eq!((map.text("type"), map.get("points")), (Some("star"), Some(&n(5))));
    assert_eq!(drawing.level, Level::Other("unheard-of".to_owned()));

    drawing.expr = Some(Expr::Number(7));
    drawing.save(&db).await?;
    let after = stored(&db, "drawings", &[("id", n(1))]).await.expect("there");
    assert_eq!((after.get("shape"), after.text("level")), (Some(&star), Some("unheard-of")));
    // A whole write too: the names and maps are part of the value.
    let after = drawing.into_inner().upsert(&db).await?;
    assert_eq!(after.image().get("shape"), Some(&star));
    assert_eq!(after.image().text("level"), Some("unheard-of"));

    let level = Drawing::LEVEL.eq(&Level::Other("unheard-of".to_owned()));
    assert_eq!(Drawing::scan(&db).filter(level).try_collect().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn entries_of_variants_are_reached_by_paths() -> Outcome {
    let db = table::<Drawing>().await;
    Drawing::new(1, circle(1.0)).insert(&db).await?;
    Drawing::new(2, circle(9.0)).insert(&db).await?;
    Drawing::new(3, Shape::Text(Some("hello".to_owned()))).insert(&db).await?;

    let radius = || Drawing::SHAPE.to(Shape::CIRCLE_RADIUS);
    let tag = || Drawing::SHAPE.to(Shape::TAG);
    let large = tag().eq("circle") & radius().gt(2.0);
    assert_eq!(large.to_string(), "shape.type = \"circle\" AND shape.radius > 2");
    assert_eq!(Drawing::scan(&db).filter(large).try_collect().await?[0].id, 2);
    let text = Drawing::SHAPE.to(Shape::TEXT_VALUE).begins_with("he");
    assert_eq!(Drawing::scan(&db).filter(text).try_collect().await?[0].id, 3);

    let update = Drawing::update(&db, 1)
        .increment(radius(), 2.0)
        .set(Drawing::SHAPE.to(Shape::CIRCLE_INK), "blue")
        .when(tag().eq("circle"));
    let expected = Shape::Circle { radius: 3.0, ink: "blue".to_owned() };
    assert_eq!(update.returning_new().await?.shape, expected);
    let refused = Drawing::update(&db, 3).set(radius(), 2.0).when(tag().eq("circle")).await;
    assert!(refused.expect_err("a label").is_conflict());
    Ok(())
}

#[test]
fn fields_of_variants_have_aliases_and_defaults() -> Outcome {
    let read = |entries: &[(&str, AttributeValue)]| Shape::decode(&m(entries));
    let entries = [("type", s("circle")), ("radius", n(1)), ("color", s("red"))];
    assert_eq!(read(&entries)?, circle(1.0));
    let black = Shape::Circle { radius: 1.0, ink: "black".to_owned() };
    assert_eq!(read(&entries[..2])?, black);
    Ok(())
}

#[test]
fn what_no_variant_fits_says_where_and_what_was_expected() {
    fn error<T: Attribute + std::fmt::Debug>(value: AttributeValue) -> String {
        T::decode(&value).expect_err("no variant").at("it").to_string()
    }
    for (error, expected) in [
        (
            error::<Expr>(m(&[("op", s("Times"))])),
            "attribute `it.op`: expected one of `Number`, `Minus`, `Plus`, found another string",
        ),
        (
            error::<Expr>(m(&[("op", n(1))])),
            "attribute `it.op`: expected one of `Number`, `Minus`, `Plus`, found N",
        ),
        (
            error::<Expr>(m(&[("of", n(1))])),
            "attribute `it.op`: expected one of `Number`, `Minus`, `Plus`, found nothing: the attribute is absent",
        ),
        (error::<Expr>(s("Number")), "attribute `it`: expected a map (Expr), found S"),
        (
            error::<Expr>(m(&[("op", s("Minus")), ("of", m(&[("op", s("x"))]))])),
            "attribute `it.of.op`: expected one of `Number`, `Minus`, `Plus`, found another string",
        ),
        (
            error::<Shape>(m(&[("type", s("circle"))])),
            "attribute `it.radius`: expected N, found nothing: the attribute is absent",
        ),
        (error::<Shape>(m(&[])), "attribute `it.type`: expected a string, found nothing"),
        (error::<Level>(n(1)), "attribute `it`: expected a string (Level), found N"),
    ] {
        assert!(error.starts_with(expected), "{error}");
    }
}
