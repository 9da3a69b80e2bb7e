//! The font that the program ships, for all that it draws or prints.

use engine::presentation::{FontError, Fonts};

/// A subset of Noto Sans SC with GB 18030 at implementation level 2; see assets/fonts/README.md.
pub const NOTO_SANS_SC: &[u8] = include_bytes!("../assets/fonts/NotoSansSC-subset.otf");

/// The fonts of pictures.
///
/// # Errors
///
/// [`FontError`] when the shipped file is damaged.
pub fn shipped() -> Result<Fonts, FontError> {
    Fonts::new([NOTO_SANS_SC])
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
