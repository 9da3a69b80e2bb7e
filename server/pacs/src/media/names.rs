//! What files are called where people read them: safe for Windows, unique in their folder.

use std::collections::HashSet;

/// Characters of one part of a path at most; with three parts and a long folder above them, Windows' 260 are enough.
const MAX_CHARACTERS: usize = 48;

/// How the files of a zip are called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Names {
    /// Counters, which tell nothing of the patient.
    #[default]
    Anonymous,
    /// Patient, study and series in words.
    Plain,
    /// A folder called as somebody wished, with counters in it.
    New(String),
}

/// Gives a part of a path: letters of every script, nothing that Windows refuses, never empty.
pub(super) fn safe(text: &str, otherwise: &str) -> String {
    let allowed = |c: char| !c.is_control() && !r#"<>:"/\|?*"#.contains(c) && !is_invisible(c);
    let kept: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { ' ' })
        .take(4 * MAX_CHARACTERS)
        .collect();
    let words = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(MAX_CHARACTERS).collect();
    let name = short.trim_matches([' ', '.']);
    match name {
        "" => otherwise.to_owned(),
        name if is_device(name) => format!("{name}_"),
        name => name.to_owned(),
    }
}

/// Marks that turn the direction of text or have no width: a name must look like what it is.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Names that Windows keeps for devices, whatever comes after a dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let number = stem.strip_prefix(prefix);
        number.is_some_and(|number| number.chars().count() == 1)
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

/// Names given in one folder; Windows does not tell cases apart.
#[derive(Debug, Default)]
pub(super) struct Given(HashSet<String>);

impl Given {
    /// Gives the name itself, or with the first number that makes it the only one.
    pub(super) fn unique(&mut self, name: String) -> String {
        let mut number = 1;
        let mut unique = name.clone();
        while !self.0.insert(unique.to_lowercase()) {
            number += 1;
            unique = format!("{name} ({number})");
        }
        unique
    }
}

/// A person's name for reading: the ideographic group where there is one, else the alphabetic, without carets.
pub(super) fn person(name: &str) -> String {
    let mut groups = name.split('=');
    let alphabetic = groups.next().unwrap_or_default();
    let ideographic = groups.next().filter(|group| !group.trim().is_empty());
    let name = ideographic.unwrap_or(alphabetic);
    // Chinese names are written without a space between family name and given name.
    let between = if name.is_ascii() { " " } else { "" };
    let parts = name.split('^').map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::{Given, person, safe};

    #[test]
    fn names_are_safe_for_windows() {
        for (text, expected) in [
            ("WB FDG / CT", "WB FDG CT"),
            ("..\\..\\evil", "evil"),
            ("a:b*c?d\"e<f>g|h", "a b c d e f g h"),
            ("con", "con_"),
            ("Com1.txt", "Com1.txt_"),
            ("COMET", "COMET"),
            ("trailing. . ", "trailing"),
            ("", "series"),
            ("\u{202E}gpj.exe", "gpj.exe"),
            ("王\u{0}小东", "王 小东"),
        ] {
            assert_eq!(safe(text, "series"), expected, "{text:?}");
        }
        assert_eq!(safe(&"长".repeat(100), "").chars().count(), 48);
    }

    #[test]
    fn one_name_is_given_once() {
        let mut given = Given::default();
        let names = ["CT", "ct", "CT", "PET"].map(|name| given.unique(name.to_owned()));
        assert_eq!(names, ["CT", "ct (2)", "CT (3)", "PET"]);
    }

    #[test]
    fn persons_are_called_as_people_read_them() {
        assert_eq!(person("Wang^XiaoDong=王^小东=wang2"), "王小东");
        assert_eq!(person("Yamada^Tarou"), "Yamada Tarou");
        assert_eq!(person("张三"), "张三");
        assert_eq!(person("A^B=="), "A B");
        assert_eq!(person(""), "");
    }
}
