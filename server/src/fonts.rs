//! The font that the program ships, for all that it draws or prints: a subset of Noto Sans SC with GB 18030 at implementation
//! level 2 (assets/fonts/README.md), once for pages and pictures alike.

use engine::presentation::{FontError, Fonts};

/// The fonts of pictures.
///
/// # Errors
///
/// [`FontError`] when the shipped file is damaged.
pub fn shipped() -> Result<Fonts, FontError> {
    Fonts::new([platform::ui::FONT])
}

#[cfg(test)]
mod tests {
    use super::shipped;

    #[test]
    fn the_shipped_font_writes_chinese() {
        let fonts = shipped().unwrap();
        assert!(fonts.missing("示例医院 核医学科 ¹⁸F-FDG 370 MBq").is_empty());
    }
}
