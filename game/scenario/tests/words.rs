//! What a person reads and hears: complete in both languages, short, and without the words that frighten.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use std::collections::BTreeSet;
use vestibule_scenario::inspect::{PANEL_WORDS, said, words};
use vestibule_scenario::{Lang, Texts};

/// Longest sentence that is spoken, words.
const SENTENCE_WORDS: usize = 12;

/// Words that patients should not meet (published work on wording in imaging and radiotherapy). A star lets a word go on.
fn avoided(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Fr => &[
            "contention",
            "immobilis*",
            "attaché*",
            "clampé*",
            "bloqué*",
            "bunker*",
            "enferm*",
            "pas peur",
            "peur",
            "fait pas mal",
            "ne bougez*",
            "tir",
            "tirs",
            "bombard*",
            "canon*",
            "tunnel*",
            "tube*",
            "alarm*",
            "paniqu*",
            "tentative*",
            "problème*",
            "erreur*",
            "panne",
            "pannes",
            "apnée*",
            "bataill*",
            "combat*",
            "guerr*",
            "courag*",
            "tumeur*",
            "cancer*",
            "serez seul*",
            "êtes seul*",
            "laisse seul*",
            "radiation*",
        ],
        Lang::En => &[
            "restrain*",
            "immobili*",
            "strap*",
            "clamp*",
            "bunker*",
            "locked",
            "afraid",
            "scar*",
            "worry,",
            "don't worry",
            "don't move",
            "do not move",
            "no pain",
            "zap*",
            "gun",
            "guns",
            "burn*",
            "tunnel*",
            "tube*",
            "alarm*",
            "panic*",
            "problem*",
            "error*",
            "fail*",
            "fight*",
            "brave*",
            "battle*",
            "alone",
            "tumour*",
            "cancer*",
            "radiation",
        ],
    }
}

/// Whether the word stands in the text.
fn stands(word: &str, text: &str) -> bool {
    let (word, stem) = word.strip_suffix('*').map_or((word, false), |w| (w, true));
    text.match_indices(word).any(|(at, found)| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        !letter(text[..at].chars().next_back()) && (stem || !letter(text[at + found.len()..].chars().next()))
    })
}

fn texts() -> Vec<Texts> {
    Lang::ALL.iter().map(|l| library().texts(*l).unwrap()).collect()
}

fn for_patients(key: &str) -> bool {
    !key.starts_with("staff-") && !key.starts_with("clinician-") && (key.ends_with("-for-patients") || !reviewed(key))
}

/// What a clinician reads in a review, which may call a tumour a tumour: everything in its file but what it says a patient sees.
fn reviewed(key: &str) -> bool {
    static KEYS: std::sync::LazyLock<BTreeSet<String>> = std::sync::LazyLock::new(|| {
        let file = library().root().join("assets/languages/en/clinician.ftl");
        let text = std::fs::read_to_string(file).unwrap();
        Texts::from_sources(Lang::En, [("clinician.ftl".into(), text)]).unwrap().keys().clone()
    });
    KEYS.contains(key)
}

#[test]
fn both_languages_have_the_same_keys_and_no_key_twice() {
    let texts = texts();
    let missing = |a: &Texts, b: &Texts| a.keys().difference(b.keys()).cloned().collect::<Vec<_>>();
    assert_eq!(missing(&texts[0], &texts[1]), Vec::<String>::new(), "missing in English");
    assert_eq!(missing(&texts[1], &texts[0]), Vec::<String>::new(), "missing in French");
    for t in &texts {
        assert_eq!(t.doubles(), &BTreeSet::new());
    }
}

#[test]
fn no_text_for_patients_frightens_or_runs_on() {
    for t in texts() {
        for key in t.keys().iter().filter(|k| for_patients(k)) {
            // Texts with variables are checked where they are used.
            let Ok(text) = t.try_with(key, &[]) else { continue };
            let lower = text.to_lowercase().replace('’', "'");
            for word in avoided(t.lang()) {
                assert!(!stands(word, &lower), "{key} in {}: '{word}' in \"{text}\"", t.lang().code());
            }
            assert!(words(&text) <= PANEL_WORDS, "{key} in {} has {} words", t.lang().code(), words(&text));
            if key.starts_with("say-") {
                for sentence in text.split_inclusive(['.', '!', '?']) {
                    assert!(words(sentence) <= SENTENCE_WORDS, "{key} in {}: {sentence}", t.lang().code());
                }
            }
        }
    }
}

#[test]
fn every_line_has_time_to_be_said_and_every_line_is_said() {
    let lines = said(&journey());
    let texts = texts();
    for (key, seconds) in &lines {
        for t in &texts {
            let text = t.get(key);
            let per_minute = words(&text) as f64 / seconds * 60.0;
            assert!(per_minute <= 120.0, "{key} in {} would be {per_minute:.0} words a minute", t.lang().code());
        }
    }
    let used: BTreeSet<_> = lines.iter().map(|l| l.0.as_str()).collect();
    let unsaid: Vec<_> =
        texts[0].keys().iter().filter(|k| k.starts_with("say-") && !used.contains(k.as_str())).collect();
    assert!(unsaid.is_empty(), "never said: {unsaid:?}");
}

#[test]
fn a_missing_key_shows_itself_and_a_missing_variable_is_told() {
    let t = Texts::from_sources(Lang::En, [("x.ftl".into(), "a = { $n } steps left\n".to_owned())]).unwrap();
    assert_eq!(t.get("no-such-key"), "no-such-key");
    assert_eq!(t.with("a", &[("n", "3")]), "3 steps left");
    assert!(t.try_with("a", &[]).is_err());
    let bad = Texts::from_sources(Lang::En, [("y.ftl".into(), "fine = yes\n\nbroken = { $\n".to_owned())]).unwrap_err();
    assert!(bad.to_string().starts_with("y.ftl:3"), "{bad}");
}

#[test]
fn words_are_found_whole_or_as_stems() {
    assert!(stands("panne", "une panne.") && !stands("panne", "deux panneaux") && stands("paniqu*", "il panique"));
}
