//! The keys by which a person's name is found however it is asked for, and the words of a question for one.
//!
//! A name is reduced to letters: compatible forms to the plain ones (full width, hiragana), without marks and case,
//! traditional characters to simplified ones. Keys are what follows any of its letters, so that what begins with a word is
//! a range of an index. Where a word can begin, also within Chinese and within pinyin written as one word, a key has the
//! mark [`START`] before it. Chinese is spelled out in pinyin too, in each way that its characters are read, and pinyin of
//! several syllables has its initials.

mod pinyin;

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use database::{Connection, Sql, Transaction};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

pub use pinyin::readings;

use super::Result;

/// Stands before a key where a word can begin; no letter is it.
const START: char = '^';

/// Letters of a key at most: what a longer word goes on with is not looked at.
const KEY_LETTERS: usize = 16;

/// Rows that one statement inserts at most.
const ROWS: usize = 200;

/// Patients whose keys are made at once.
const PATIENTS: i64 = 2000;

/// A word of a question: letters without anything between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    letters: String,
    /// A wildcard stands before it: it may stand within a word too.
    is_within: bool,
}

impl Word {
    pub(super) fn length(&self) -> usize {
        self.letters.chars().count()
    }

    /// Letters that keys begin with, one of them that is enough.
    pub(super) fn prefixes(&self) -> Vec<String> {
        let mut prefixes = vec![format!("{START}{}", self.letters)];
        if self.is_within {
            prefixes.push(self.letters.clone());
        }
        prefixes
    }

    /// Whether one of a name's keys has it.
    pub(super) fn is_in(&self, keys: &BTreeSet<String>) -> bool {
        let prefixes = self.prefixes();
        let mut keys = keys.iter();
        keys.any(|key| prefixes.iter().any(|prefix| key.starts_with(prefix)))
    }
}

/// One letter of a name.
struct Letter {
    letter: char,
    is_start: bool,
}

/// Gives the words of a question, in which wildcards may stand.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut goes_on, mut is_within, mut was_ideograph) = (false, false, false);
    for character in text.chars() {
        if is_combining_mark(character) {
            continue;
        }
        if !character.is_alphanumeric() {
            is_within = matches!(character, '*' | '?');
            goes_on = false;
            continue;
        }
        let is_ideograph = is_ideograph(character);
        if !goes_on || is_ideograph != was_ideograph {
            let is_within = std::mem::take(&mut is_within);
            let letters = String::new();
            words.push(Word { letters, is_within });
        }
        (goes_on, was_ideograph) = (true, is_ideograph);
        if let Some(word) = words.last_mut() {
            plain(character, |letter| word.letters.push(letter));
        }
    }
    for word in &mut words {
        word.letters = word.letters.chars().take(KEY_LETTERS).collect();
    }
    words.retain(|word| !word.letters.is_empty());
    words
}

/// Gives the longest run of letters of a pattern, which every name that matches has; `None` where it has no letters.
pub(super) fn longest_run(pattern: &str) -> Option<Word> {
    let runs = pattern.split(['*', '?', '=']).map(|run| {
        let mut letters = String::new();
        run.chars()
            .for_each(|character| plain(character, |letter| letters.push(letter)));
        letters.chars().take(KEY_LETTERS).collect::<String>()
    });
    let longest = runs.max_by_key(|run| run.chars().count())?;
    let is_within = true;
    (!longest.is_empty()).then_some(Word {
        letters: longest,
        is_within,
    })
}

/// Gives all keys of a name.
pub(super) fn keys(name: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for group in name.split('=').take(3) {
        let mut letters = letters(group);
        pinyin::mark_syllables(&mut letters);
        for (at, Letter { is_start, .. }) in letters.iter().enumerate() {
            let rest = letters[at..].iter().take(KEY_LETTERS);
            let start = is_start.then_some(START);
            keys.insert(start.into_iter().chain(rest.map(|rest| rest.letter)).collect());
        }
        pinyin::spell(&letters, |spelled| {
            let letters = spelled.chars().take(KEY_LETTERS);
            keys.insert(std::iter::once(START).chain(letters).collect());
        });
    }
    keys
}

fn letters(group: &str) -> Vec<Letter> {
    let mut letters = Vec::new();
    let mut is_start = true;
    for character in group.chars() {
        if !character.is_alphanumeric() {
            is_start |= !is_combining_mark(character);
            continue;
        }
        let is_ideograph = is_ideograph(character);
        let mut starts = std::mem::replace(&mut is_start, is_ideograph) || is_ideograph;
        plain(character, |letter| {
            letters.push(Letter {
                letter,
                is_start: std::mem::take(&mut starts),
            });
        });
    }
    letters
}

/// Characters that are words: Chinese ones, and the syllables of Hangul.
fn is_ideograph(character: char) -> bool {
    is_chinese(character) || ('\u{AC00}'..='\u{D7A3}').contains(&character)
}

fn is_chinese(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Gives the letters that a character is compared by: none, one or several.
fn plain(character: char, mut emit: impl FnMut(char)) {
    decompose_compatible(character, |part| {
        if !part.is_alphanumeric() || is_combining_mark(part) {
            return;
        }
        for lower in part.to_lowercase() {
            let letter = match lower {
                // Hiragana and katakana stand side by side.
                'ぁ'..='ゖ' => char::from_u32(lower as u32 + 0x60).unwrap_or(lower),
                // A sigma at the end of a word.
                'ς' => 'σ',
                _ => SIMPLIFIED.get(&lower).copied().unwrap_or(lower),
            };
            if !is_combining_mark(letter) {
                emit(letter);
            }
        }
    });
}

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let pairs: Vec<char> = include_str!("simplified.txt")
        .lines()
        .skip(2)
        .flat_map(str::chars)
        .collect();
    pairs.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
});

/// Writes the keys of a patient's name in the place of those that are there.
pub(super) async fn write(transaction: &Transaction, patient: i64, name: Option<&str>) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM name_keys WHERE patient = ");
    sql.bind(patient).run(transaction).await?;
    let keys = name.map(keys).unwrap_or_default();
    insert(transaction, keys.into_iter().map(|key| (patient, key))).await
}

/// Writes the keys of all patients that are there, in the place of all that are.
pub(super) async fn write_all(transaction: &Transaction) -> Result<()> {
    Sql::new("DELETE FROM name_keys").run(transaction).await?;
    let mut last = i64::MIN;
    loop {
        let mut sql =
            Sql::new("SELECT id, patient_name FROM patients WHERE patient_name IS NOT NULL AND id > ");
        sql.bind(last).push(" ORDER BY id LIMIT ").bind(PATIENTS);
        let rows = sql.all(transaction).await?;
        let mut all = Vec::new();
        for row in &rows {
            last = row.get(0)?;
            let name: String = row.get(1)?;
            all.extend(keys(&name).into_iter().map(|key| (last, key)));
        }
        if rows.is_empty() {
            return Ok(());
        }
        insert(transaction, all).await?;
    }
}

async fn insert(connection: &impl Connection, keys: impl IntoIterator<Item = (i64, String)>) -> Result<()> {
    let mut keys = keys.into_iter().peekable();
    while keys.peek().is_some() {
        let mut sql = Sql::new("INSERT INTO name_keys (patient, key) VALUES (");
        for (number, (patient, key)) in keys.by_ref().take(ROWS).enumerate() {
            sql.push(if number > 0 { "), (" } else { "" });
            sql.bind(patient).push(", ").bind(key);
        }
        sql.push(")").run(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
