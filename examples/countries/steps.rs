//! What each migration of `Country` does to an item.

use std::collections::HashMap;

use dynamap::{AttributeValue, Item, StepError};

use super::languages::CODES;

/// 2.0.0: names, languages and translations become maps, the capital a list; new attributes that 1.4.0 knew nothing of.
pub fn names_and_languages(item: &mut Item) -> Result<(), StepError> {
    let common = take_text(item, "name")?;
    let native = take_text(item, "nativeName")?;
    let names = take_texts(item, "language")?;
    item.remove("languageCodes");
    item.remove("relevance");

    let languages: Vec<(String, String)> =
        names.into_iter().map(|name| (language_code(&name), name)).collect();
    let native = match languages.first() {
        Some((code, _)) if !native.is_empty() => map([(code.clone(), wording(&native))]),
        _ => map::<String>([]),
    };
    // 1.4.0 has no official name: the common one stands in.
    item.insert(
        "name",
        map([("common", text(&common)), ("official", text(&common)), ("native", native)]),
    );
    item.insert("languages", map(languages.into_iter().map(|(code, name)| (code, text(&name)))));

    let capital = take_text(item, "capital")?;
    item.insert("capital", texts((!capital.is_empty()).then_some(capital)));

    let Some(AttributeValue::M(translations)) = item.remove("translations") else {
        return Err(StepError::new("translations", "expected a map"));
    };
    let mut by_code = HashMap::new();
    for (code, translation) in translations {
        let AttributeValue::S(translation) = translation else {
            return Err(StepError::new(format!("translations.{code}"), "expected a string"));
        };
        by_code.insert(three_letters(&code).to_owned(), wording(&translation));
    }
    item.insert("translations", AttributeValue::M(by_code));

    let flag: String =
        item.text("cca2").unwrap_or_default().chars().filter_map(indicator).collect();
    item.set_default("flag", AttributeValue::S(flag));
    item.set_default("cioc", text(""));
    item.set_default("status", text(""));
    item.set_default("independent", AttributeValue::Null(true));
    item.set_default("landlocked", AttributeValue::Bool(false));
    Ok(())
}

/// 3.0.0: currencies become a map, calling codes a root and suffixes; every translation is a map.
pub fn currencies_and_dialling(item: &mut Item) -> Result<(), StepError> {
    let codes = take_texts(item, "currency")?;
    // 1.4.0 knows no names of currencies: the code stands in.
    let currency = |code: String| {
        let entry = map([("name", text(&code)), ("symbol", text(&code))]);
        (code, entry)
    };
    item.insert("currencies", map(codes.into_iter().map(currency)));

    let codes = take_texts(item, "callingCode")?;
    let root = codes.first().and_then(|code| code.get(..1)).unwrap_or_default().to_owned();
    let suffixes = codes.iter().map(|code| code.strip_prefix(&root).unwrap_or(code).to_owned());
    let suffixes = texts(suffixes);
    let root = if root.is_empty() { root } else { format!("+{root}") };
    item.insert("idd", map([("root", AttributeValue::S(root)), ("suffixes", suffixes)]));

    // Release 2.1.0 has a plain text in place of a translation for two countries.
    if let Some(AttributeValue::M(mut translations)) = item.remove("translations") {
        for translation in translations.values_mut() {
            if let AttributeValue::S(common) = translation {
                *translation = wording(common);
            }
        }
        item.insert("translations", AttributeValue::M(translations));
    }
    Ok(())
}

/// 4.0.0: one demonym becomes one per language and gender.
pub fn demonyms(item: &mut Item) -> Result<(), StepError> {
    let demonym = take_text(item, "demonym")?;
    let english = map([("f", text(&demonym)), ("m", text(&demonym))]);
    item.insert("demonyms", map([("eng", english)]));
    Ok(())
}

/// 5.1.0: two new attributes, and no currencies are an empty map; 3.0.0 and 4.0.0 have an empty list for four countries.
pub fn united_nations(item: &mut Item) -> Result<(), StepError> {
    if let Some(AttributeValue::L(none)) = item.get("currencies")
        && none.is_empty()
    {
        item.insert("currencies", map::<String>([]));
    }
    item.set_default("unMember", AttributeValue::Bool(false));
    item.set_default("unRegionalGroup", text(""));
    Ok(())
}

fn take_text(item: &mut Item, name: &str) -> Result<String, StepError> {
    match item.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(StepError::new(name, "expected a string")),
    }
}

/// A list of strings, without the empty ones that 1.4.0 used for "none".
fn take_texts(item: &mut Item, name: &str) -> Result<Vec<String>, StepError> {
    let Some(AttributeValue::L(values)) = item.remove(name) else {
        return Err(StepError::new(name, "expected a list"));
    };
    let mut texts = Vec::new();
    for value in values {
        match value {
            AttributeValue::S(text) if text.is_empty() => {}
            AttributeValue::S(text) => texts.push(text),
            _ => return Err(StepError::new(name, "expected strings in the list")),
        }
    }
    Ok(texts)
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn texts(texts: impl IntoIterator<Item = String>) -> AttributeValue {
    AttributeValue::L(texts.into_iter().map(AttributeValue::S).collect())
}

fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, AttributeValue)>) -> AttributeValue {
    AttributeValue::M(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn wording(common: &str) -> AttributeValue {
    map([("official", text(common)), ("common", text(common))])
}

/// The ISO 639-3 code of a language; a language without one keeps its name, so that nothing is lost.
fn language_code(name: &str) -> String {
    match CODES.binary_search_by_key(&name, |(name, _)| name) {
        Ok(found) => CODES[found].1.to_owned(),
        Err(_) => name.to_lowercase(),
    }
}

/// The ISO 639-3 codes of the languages that 1.4.0 translated into.
fn three_letters(code: &str) -> &str {
    match code {
        "cy" => "cym",
        "de" => "deu",
        "es" => "spa",
        "fr" => "fra",
        "hr" => "hrv",
        "it" => "ita",
        "ja" => "jpn",
        "nl" => "nld",
        other => other,
    }
}

/// A flag is a country's two letters as regional indicator symbols.
fn indicator(letter: char) -> Option<char> {
    let offset = u32::from(letter).checked_sub(u32::from('A')).filter(|offset| *offset < 26)?;
    char::from_u32(0x1F1E6 + offset)
}
