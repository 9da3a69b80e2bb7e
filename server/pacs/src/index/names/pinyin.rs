//! Chinese as it is written in Latin letters, and such writing taken into its syllables.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use pinyin::{Pinyin, ToPinyinMulti};

use super::{Letter, is_chinese, plain};

/// Readings of one character that are looked at: in a surname, where the rarer one is often the right one, and elsewhere.
const READINGS: [usize; 2] = [3, 2];

/// Characters of a surname at most.
const SURNAME: usize = 2;

/// Spellings of one text at most.
const SPELLINGS: usize = 8;

/// Letters of a syllable at most (`zhuang`).
const SYLLABLE: usize = 6;

/// Every syllable that a character has.
static SYLLABLES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let all = ('\u{4E00}'..='\u{9FFF}').flat_map(|character| readings(character, usize::MAX));
    all.filter(|syllable| syllable.contains(['a', 'e', 'i', 'o', 'u', 'v']))
        .collect()
});

/// Marks where syllables begin in words that are pinyin altogether.
pub(super) fn mark_syllables(letters: &mut [Letter]) {
    let mut from = 0;
    while from < letters.len() {
        let rest = &letters[from + 1..];
        let length = 1 + rest.iter().take_while(|letter| !letter.is_start).count();
        let word: String = letters[from..from + length]
            .iter()
            .map(|letter| letter.letter)
            .collect();
        if let Some(syllables) = split(&word) {
            let mut at = from;
            for syllable in syllables {
                letters[at].is_start = true;
                at += syllable;
            }
        }
        from += length;
    }
}

/// Lengths of the syllables of a word, long ones before short ones; `None` for one that is no pinyin.
fn split(word: &str) -> Option<Vec<usize>> {
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    // Of each end that syllables reach: the length of the last one.
    let mut last: Vec<Option<usize>> = vec![None; word.len() + 1];
    last[word.len()] = Some(0);
    // From the end, so that the first syllable is the longest that leaves pinyin behind it.
    for from in (0..word.len()).rev() {
        let mut lengths = (1..=SYLLABLE.min(word.len() - from)).rev();
        last[from] = lengths
            .find(|length| last[from + length].is_some() && SYLLABLES.contains(&word[from..from + length]));
    }
    let (mut at, mut lengths) = (0, Vec::new());
    while at < word.len() {
        let length = last[at]?;
        lengths.push(length);
        at += length;
    }
    Some(lengths)
}

/// Gives what the letters are spelled as, from each syllable on: Chinese in full, and all of several syllables by initials.
pub(super) fn spell(letters: &[Letter], mut give: impl FnMut(String)) {
    let units = units(letters);
    let has_chinese = letters.iter().any(|letter| is_chinese(letter.letter));
    for from in 0..units.len() {
        if has_chinese {
            joined(&units[from..], |unit| unit.to_owned())
                .into_iter()
                .for_each(&mut give);
        }
        if from + 1 < units.len() {
            let initial = |unit: &str| unit.chars().take(1).collect();
            joined(&units[from..], initial).into_iter().for_each(&mut give);
        }
    }
}

/// Syllables, each in the ways it can be written: readings of a character, or what stands between two starts of words.
fn units(letters: &[Letter]) -> Vec<Vec<String>> {
    let mut units: Vec<Vec<String>> = Vec::new();
    for letter in letters {
        if is_chinese(letter.letter) {
            let count = READINGS[usize::from(units.len() >= SURNAME)];
            let mut readings = readings(letter.letter, count);
            if readings.is_empty() {
                readings.push(letter.letter.to_string());
            }
            units.push(readings);
        } else if letter.is_start || units.is_empty() {
            units.push(vec![letter.letter.to_string()]);
        } else if let Some(unit) = units.last_mut().and_then(|unit| unit.first_mut()) {
            unit.push(letter.letter);
        }
    }
    units
}

/// Every way to write syllables one after another; where those are too many, the readings of the first ones are kept.
fn joined(units: &[Vec<String>], form: impl Fn(&str) -> String) -> Vec<String> {
    let mut all = vec![String::new()];
    for unit in units {
        let forms: BTreeSet<String> = unit.iter().map(|reading| form(reading)).collect();
        let first = unit.first().map(|reading| form(reading));
        let others = forms.into_iter().filter(|other| Some(other) != first.as_ref());
        let forms: Vec<String> = first.iter().cloned().chain(others).collect();
        let longer = forms
            .iter()
            .flat_map(|form| all.iter().map(move |before| format!("{before}{form}")));
        all = longer.take(SPELLINGS).collect();
    }
    all
}

/// Gives how a Chinese character is read, the usual reading first, in plain letters; ü in each of the ways it is typed. Of
/// any other character it gives nothing.
#[must_use]
pub fn readings(character: char, count: usize) -> Vec<String> {
    let Some(all) = character.to_pinyin_multi() else {
        return Vec::new();
    };
    let mut seen = Vec::new();
    for reading in all.into_iter().map(Pinyin::plain) {
        if !seen.contains(&reading) {
            seen.push(reading);
        }
    }
    let mut written = Vec::new();
    for reading in seen.into_iter().take(count) {
        let mut letters = String::new();
        reading
            .chars()
            .for_each(|character| plain(character, |letter| letters.push(letter)));
        if reading.contains('ü') {
            written.extend(["v", "yu"].map(|u| reading.replace('ü', u)));
        }
        written.push(letters);
    }
    written
}
