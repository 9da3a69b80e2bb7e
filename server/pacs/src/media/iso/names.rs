//! Names on a disc: capital letters and digits for ISO 9660, Unicode for Joliet.

use std::collections::HashSet;

/// Which of the two hierarchies of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    Iso,
    Joliet,
}

/// Characters of a Joliet name at most.
const MAX_JOLIET: usize = 64;

impl Flavour {
    /// Text in a field of a descriptor, filled with spaces.
    pub(super) fn padded(self, text: &str, bytes: usize) -> Vec<u8> {
        let mut field: Vec<u8> = match self {
            Self::Iso => text.bytes().collect(),
            Self::Joliet => utf16(text),
        };
        field.truncate(bytes);
        while field.len() < bytes {
            match self {
                Self::Iso => field.push(b' '),
                // An odd byte at the end is zero.
                Self::Joliet if bytes - field.len() == 1 => field.push(0),
                Self::Joliet => field.extend([0, b' ']),
            }
        }
        field
    }

    /// The identifier of a file or folder, the only one among those in `taken`.
    pub(super) fn identifier(self, name: &str, is_folder: bool, taken: &mut HashSet<Vec<u8>>) -> Vec<u8> {
        for number in 1.. {
            let identifier = match self {
                Self::Iso => level1(name, is_folder, number),
                Self::Joliet => joliet(name, is_folder, number),
            };
            if taken.insert(identifier.clone()) {
                return identifier;
            }
        }
        unreachable!("numbers do not end before names do")
    }
}

/// Eight letters, a dot and three for files, and the version (ECMA-119 7.5, level 1).
fn level1(name: &str, is_folder: bool, number: usize) -> Vec<u8> {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !is_folder && !stem.is_empty() => (stem, extension),
        _ => (name, ""),
    };
    let letters = |text: &str, most: usize| -> String {
        let letters = text.chars().map(|c| match c.to_ascii_uppercase() {
            c @ ('A'..='Z' | '0'..='9' | '_') => c,
            _ => '_',
        });
        letters.take(most).collect()
    };
    let stem = if number == 1 {
        letters(stem, 8)
    } else {
        let end = number.to_string();
        letters(stem, 8_usize.saturating_sub(end.len())) + &end
    };
    if is_folder {
        return stem.into_bytes();
    }
    format!("{stem}.{};1", letters(extension, 3)).into_bytes()
}

fn joliet(name: &str, is_folder: bool, number: usize) -> Vec<u8> {
    let allowed = |c: char| {
        if "*/:;?\\".contains(c) || c.is_control() {
            '_'
        } else {
            c
        }
    };
    let end = if number == 1 {
        String::new()
    } else {
        format!("~{number}")
    };
    let most = MAX_JOLIET - 2 - end.len();
    let mut text = String::new();
    for c in name.chars().map(allowed) {
        if utf16(&text).len() / 2 + c.len_utf16() > most {
            break;
        }
        text.push(c);
    }
    text.push_str(&end);
    if !is_folder {
        text.push_str(";1");
    }
    utf16(&text)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
