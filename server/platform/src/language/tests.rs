//! Catalogues held against one another and against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

/// Messages by their keys, with the names that stand in them.
fn messages(catalogue: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for text in catalogue {
        let resource = FluentResource::try_new((*text).to_owned());
        assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, errors)| errors));
        let mut key = String::new();
        for line in text.lines() {
            if let Some((name, _)) = line
                .split_once(" =")
                .filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                key = name.to_owned();
                assert!(
                    all.insert(key.clone(), BTreeSet::new()).is_none(),
                    "{key} stands twice"
                );
            }
            for rest in line.split("{ $").skip(1) {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .collect();
                all.entry(key.clone()).or_default().insert(name);
            }
        }
    }
    all
}

#[test]
fn both_catalogues_say_the_same_of_the_same() {
    let (chinese, english) = (messages(CHINESE), messages(ENGLISH));
    let keys = |all: &BTreeMap<String, BTreeSet<String>>| all.keys().cloned().collect::<BTreeSet<_>>();
    let differing: Vec<_> = keys(&chinese)
        .symmetric_difference(&keys(&english))
        .cloned()
        .collect();
    assert!(differing.is_empty(), "in one language only: {differing:?}");
    for (key, names) in &chinese {
        assert_eq!(names, &english[key], "{key}");
    }
}

#[test]
fn chinese_is_chinese_and_english_has_none() {
    let is_han = |text: &str| text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
    // The product's name and words that are the same in both.
    let same = ["product", "help-key"];
    for text in CHINESE.iter().flat_map(|text| text.lines()) {
        if let Some((key, words)) = text.split_once(" = ") {
            let has_letters = words.chars().any(|c| c.is_alphabetic()) && !words.starts_with('{');
            assert!(
                !has_letters || is_han(words) || same.contains(&key),
                "not in Chinese: {text}"
            );
        }
    }
    for text in ENGLISH.iter().flat_map(|text| text.lines()) {
        assert!(!is_han(text), "not in English: {text}");
    }
}

/// Every text in quotes of the sources that looks like a key and is used as one.
fn keys_in_sources(folder: &Path, keys: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            keys_in_sources(&path, keys);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for piece in text.split('"').skip(1).step_by(2) {
                let looks = piece.starts_with(|c: char| c.is_ascii_lowercase())
                    && piece
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.');
                if looks {
                    keys.insert(piece.replace('.', "-"));
                }
            }
        }
    }
}

#[test]
fn no_message_is_left_over() {
    let mut used = BTreeSet::new();
    keys_in_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut used);
    // Keys that are put together of a word and what it is about.
    let made = [
        "permission-",
        "permission-about-",
        "organisation-kind-",
        "state-",
        "event-",
        "notice-",
        "verification-",
        "ended-",
        "job-kind-",
        "job-state-",
        "push-about-",
        "outbox-text-",
        "outbox-subject-",
        "outbox-state-",
        "outbox-template-",
        "outbox-channel-",
        "outbox-provider-",
        "file-kind-",
        "dictionary-kind-",
        "dictionary-field-",
        "dictionary-rights-",
        "dictionary-behaviour-",
        "dictionary-state-",
        "docking-do-",
        "docking-mode-",
        "docking-state-",
        "sex-",
        "theme-",
        "publishing-",
        "help-",
        "alarm-",
        "why-",
        "person-kind-",
    ];
    let unused: Vec<String> = messages(CHINESE)
        .into_keys()
        .filter(|key| !used.contains(key) && !made.iter().any(|prefix| key.starts_with(prefix)))
        .collect();
    assert!(unused.is_empty(), "never said: {unused:?}");
}

#[test]
fn the_language_is_the_one_the_browser_names_first() {
    for (accepted, expected) in [
        ("", Language::Chinese),
        ("en-GB,zh;q=0.5", Language::English),
        ("zh-TW, en", Language::Chinese),
        ("de, en;q=0.8", Language::English),
        ("fr", Language::Chinese),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        assert_eq!(Language::of(&headers), expected, "{accepted}");
    }
}

#[test]
fn what_browsers_say_of_a_notification_is_its_kind_and_names_nobody() {
    let english = messages(ENGLISH);
    for (key, names) in &english {
        if let Some(kind) = key.strip_prefix("notice-") {
            let said = crate::push::about(Language::English, kind);
            assert_ne!(said, Language::English.say("push-about-other"), "{kind}");
        }
        assert!(!key.starts_with("push-about-") || names.is_empty(), "{key}");
    }
    let other = crate::push::about(Language::English, "of-another-version");
    assert_eq!(other, Language::English.say("push-about-other"));
}
