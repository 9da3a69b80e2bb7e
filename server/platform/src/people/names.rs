//! Names as they are searched for: in characters, in pinyin, in initials.

use database::Sql;
use pacs::index::readings;

/// Readings of a name at most: a name of many characters with several readings each would have too many.
const READINGS: usize = 16;
/// Characters of a name that are read.
const LONGEST: usize = 24;

/// The keys of a name: lower case, with spaces around each: ` 王小明 wangxiaoming wxm `.
#[must_use]
pub fn keys(name: &str) -> String {
    let plain: String = name
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    let mut spellings: Vec<(String, String)> = vec![(String::new(), String::new())];
    for character in plain.chars().take(LONGEST) {
        let count = if spellings.len() < READINGS { usize::MAX } else { 1 };
        let mut several = readings(character, count);
        if several.is_empty() {
            several.push(character.to_string());
        }
        spellings = spellings
            .into_iter()
            .flat_map(|(whole, initials)| {
                several.iter().map(move |reading| {
                    let first: String = reading.chars().take(1).collect();
                    (format!("{whole}{reading}"), format!("{initials}{first}"))
                })
            })
            .take(READINGS)
            .collect();
    }
    let mut keys = vec![plain.clone()];
    for (whole, initials) in spellings {
        for key in [whole, initials] {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    // The name with its spaces too, as names in Latin letters are typed.
    let lower = name.to_lowercase();
    if !keys.contains(&lower) {
        keys.push(lower);
    }
    format!(" {} ", keys.join(" "))
}

/// Adds the condition that a column of keys has some words, each anywhere in it.
pub fn matching(sql: &mut Sql, column: &str, words: &str) {
    for word in words.to_lowercase().split_whitespace().take(5) {
        let escaped: String = word
            .chars()
            .take(50)
            .flat_map(|c| match c {
                '%' | '_' | '\\' => vec!['\\', c],
                _ => vec![c],
            })
            .collect();
        sql.push(&format!(" AND {column} LIKE "))
            .bind(format!("%{escaped}%"));
        sql.push(" ESCAPE '\\'");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_characters_pinyin_and_initials() {
        for (name, words) in [
            ("王小明", ["王小明", "wangxiaoming", "wxm"]),
            ("单于飞", ["单于飞", "shanyufei", "danyufei"]),
            ("Ada Lovelace", ["ada", "adalovelace", "lovelace"]),
            ("欧阳 娜娜", ["欧阳娜娜", "ouyangnana", "oynn"]),
            ("吕布", ["lvbu", "lyubu", "lubu"]),
        ] {
            let keys = keys(name);
            for word in words {
                assert!(keys.contains(word), "{word} in {keys}");
            }
        }
        let long: String = "乐重长行".repeat(50);
        assert!(keys(&long).len() < 4000);
    }
}
