//! Half-lives of the radionuclides in use, for images that name the nuclide but not its half-life.

/// A radionuclide whose half-life is known to this program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Radionuclide {
    /// Symbol and mass number, such as `F-18`.
    pub name: &'static str,
    /// Half-life in seconds.
    pub half_life_s: f64,
    /// Whether the half-life was checked against a published source; if not, its use is a warning.
    pub verified: bool,
    element: &'static str,
    symbol: &'static str,
    mass_number: &'static str,
    /// Code values of PS3.16 CID 18 and CID 4020: SRT (also written SNM3 or 99SDM), then SCT.
    codes: [&'static str; 2],
}

/// The table; `testdata/reference/suv_half_lives.csv` names the source of each row.
static RADIONUCLIDES: [Radionuclide; 16] = [
    row(
        "C-11",
        "carbon",
        ["C", "11"],
        1223.0,
        true,
        ["C-105A1", "40565003"],
    ),
    row(
        "N-13",
        "nitrogen",
        ["N", "13"],
        598.0,
        true,
        ["C-107A1", "21576001"],
    ),
    row(
        "O-15",
        "oxygen",
        ["O", "15"],
        122.2,
        true,
        ["C-B1038", "129504001"],
    ),
    row(
        "F-18",
        "fluorine",
        ["F", "18"],
        6586.2,
        true,
        ["C-111A1", "77004003"],
    ),
    row(
        "Cu-64",
        "copper",
        ["Cu", "64"],
        45_721.0,
        false,
        ["C-127A2", "3932008"],
    ),
    row(
        "Ga-67",
        "gallium",
        ["Ga", "67"],
        281_811.0,
        true,
        ["C-131A2", "2008008"],
    ),
    row(
        "Ga-68",
        "gallium",
        ["Ga", "68"],
        4057.7,
        true,
        ["C-131A3", "35337001"],
    ),
    row(
        "Ge-68",
        "germanium",
        ["Ge", "68"],
        23_400_000.0,
        true,
        ["C-128A2", "53315004"],
    ),
    row(
        "Rb-82",
        "rubidium",
        ["Rb", "82"],
        76.0,
        false,
        ["C-159A2", "79197006"],
    ),
    row(
        "Zr-89",
        "zirconium",
        ["Zr", "89"],
        282_240.0,
        false,
        ["C-168A4", "63360001"],
    ),
    row(
        "Tc-99m",
        "technetium",
        ["Tc", "99"],
        21_624.0,
        true,
        ["C-163A8", "72454006"],
    ),
    row(
        "In-111",
        "indium",
        ["In", "111"],
        242_326.0,
        true,
        ["C-145A4", "56609000"],
    ),
    row(
        "I-123",
        "iodine",
        ["I", "123"],
        47_604.0,
        true,
        ["C-114A4", "21572004"],
    ),
    row(
        "I-124",
        "iodine",
        ["I", "124"],
        360_806.0,
        true,
        ["C-114A5", "40937006"],
    ),
    row(
        "I-131",
        "iodine",
        ["I", "131"],
        693_377.0,
        true,
        ["C-114B1", "1368003"],
    ),
    row(
        "Lu-177",
        "lutetium",
        ["Lu", "177"],
        574_300.0,
        true,
        ["C-101ED", "447553000"],
    ),
];

const fn row(
    name: &'static str,
    element: &'static str,
    [symbol, mass_number]: [&'static str; 2],
    half_life_s: f64,
    verified: bool,
    codes: [&'static str; 2],
) -> Radionuclide {
    Radionuclide {
        name,
        half_life_s,
        verified,
        element,
        symbol,
        mass_number,
        codes,
    }
}

impl Radionuclide {
    /// All of the table.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &RADIONUCLIDES
    }

    /// Finds the nuclide that a code value (`C-111A1`, `77004003`) or a written name stands for.
    ///
    /// Names may be `F-18`, `18F`, `^18^Fluorine`, `F^18^[^18^Fluorine]`, `99mTc` and the like; a text that
    /// fits two nuclides, or none, gives `None`.
    ///
    /// ```
    /// use engine::suv::Radionuclide;
    /// assert_eq!(Radionuclide::find("^68^Gallium").unwrap().half_life_s, 4057.7);
    /// assert!(Radionuclide::find("FDG").is_none());
    /// ```
    #[must_use]
    pub fn find(text: &str) -> Option<&'static Self> {
        let text = text.trim();
        let by_code = RADIONUCLIDES.iter().find(|row| row.codes.contains(&text));
        by_code.or_else(|| {
            let words = words(text);
            let mut named = RADIONUCLIDES.iter().filter(|row| row.is_named_by(&words));
            named.next().filter(|_| named.next().is_none())
        })
    }

    fn is_named_by(&self, words: &[&str]) -> bool {
        let is_element = |word: &&str| {
            let metastable = word.strip_prefix('m').unwrap_or(word);
            [*word, metastable]
                .iter()
                .any(|word| word.eq_ignore_ascii_case(self.symbol) || word.eq_ignore_ascii_case(self.element))
        };
        words.contains(&self.mass_number) && words.iter().any(is_element)
    }
}

/// Splits a text where letters, digits and other signs meet, and keeps the letters and the digits.
fn words(text: &str) -> Vec<&str> {
    text.split(|sign: char| !sign.is_ascii_alphanumeric())
        .flat_map(letters_and_digits)
        .collect()
}

fn letters_and_digits(part: &str) -> impl Iterator<Item = &str> {
    part.as_bytes()
        .chunk_by(|left, right| left.is_ascii_digit() == right.is_ascii_digit())
        .map(|chunk| std::str::from_utf8(chunk).expect("only ASCII is left of the text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            Radionuclide::find(text).map(|found| found.name),
            expected,
            "{text}"
        );
    }

    #[test]
    fn names_as_scanners_write_them_are_understood() {
        check("^18^Fluorine", Some("F-18"));
        check("F^18^[^18^Fluorine]", Some("F-18"));
        check("18F", Some("F-18"));
        check(" F-18 ", Some("F-18"));
        check("177 Lutetium", Some("Lu-177"));
        check("99mTc", Some("Tc-99m"));
        check("^99m^Technetium", Some("Tc-99m"));
        check("Tc-99m", Some("Tc-99m"));
        check("ga68", Some("Ga-68"));
        check("68Ga-PSMA-11", Some("Ga-68"));
    }

    #[test]
    fn codes_of_both_schemes_are_understood() {
        for row in Radionuclide::all() {
            for code in row.codes {
                check(code, Some(row.name));
            }
            check(row.name, Some(row.name));
        }
    }

    #[test]
    fn a_doubtful_name_gives_nothing() {
        check("FDG", None);
        check("", None);
        check("Gallium", None);
        check("68", None);
        check("F-17", None);
        check("68Ga or 18F", None);
        check("フッ素18", None);
    }
}
