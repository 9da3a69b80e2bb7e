use super::{page, pages};
use crate::film::{
    Background, DisplayFormat, Error, FilmOrientation, FilmSize, Format, Item, Layout, PictureId, Placement,
    Sheet, Text, encode,
};
use crate::presentation::Fonts;
use crate::render::Image;

fn picture(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Image {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgba = places.flat_map(|(x, y)| {
        let [red, green, blue] = color(x, y);
        [red, green, blue, 255]
    });
    Image {
        width,
        height,
        rgba: rgba.collect(),
    }
}

fn even(level: u8) -> Image {
    picture(40, 40, |_, _| [level; 3])
}

fn sheet(format: &str, items: usize) -> Sheet {
    Sheet {
        dpi: 127.0,
        items: (0..items as u64).map(|n| Item::new(PictureId(n))).collect(),
        ..Sheet::new(FilmSize::Cm24x24, format.parse::<DisplayFormat>().unwrap())
    }
}

/// The middle of every box shows its picture; nothing else does.
#[test]
fn pictures_stand_in_their_order_on_their_pages() {
    for format in ["STANDARD\\3,2", "ROW\\1,2,3", "COL\\4,2"] {
        let sheet = sheet(format, 8);
        let shown: Vec<Image> = (0..8).map(|n| even(30 * (n as u8 + 1))).collect();
        let made = pages(&sheet, |id| shown.get(id.0 as usize), &Fonts::default()).unwrap();
        assert_eq!(made.len(), 2);
        let layout = Layout::of(&sheet).unwrap();
        for (n, page) in made.iter().enumerate() {
            for (place, part) in layout.boxes.iter().enumerate() {
                let found = page.pixel(part.left + part.width / 2, part.top + part.height / 2)[0];
                let item = n * 6 + place;
                let expected = if item < 8 { 30 * (item as u8 + 1) } else { 0 };
                assert_eq!(found, expected, "{format}: page {n}, box {place}");
            }
        }
    }
}

/// Columns and rows of a page that are not of the background.
fn extent(page: &Image, ground: u8) -> [[u32; 2]; 2] {
    let touched = |x: u32, y: u32| page.pixel(x, y)[..3] != [ground; 3];
    let range = |most: u32, any: &dyn Fn(u32) -> bool| {
        let first = (0..most).find(|n| any(*n)).unwrap();
        [first, (0..most).rev().find(|n| any(*n)).unwrap() + 1]
    };
    [
        range(page.width, &|x| (0..page.height).any(|y| touched(x, y))),
        range(page.height, &|y| (0..page.width).any(|x| touched(x, y))),
    ]
}

fn sides(page: &Image, ground: u8) -> [u32; 2] {
    extent(page, ground).map(|[first, end]| end - first)
}

/// One box of 1140 x 1140 pixels between margins of 30.
#[test]
fn aspect_is_kept_and_the_box_is_filled() {
    let check = |width, height, mm_per_pixel, expected| {
        let mut sheet = sheet("STANDARD\\1,1", 1);
        sheet.background = Background::White;
        sheet.items[0].mm_per_pixel = mm_per_pixel;
        let shown = picture(width, height, |_, _| [0; 3]);
        let page = page(&sheet, 0, |_| Some(&shown), &Fonts::default()).unwrap();
        assert_eq!(sides(&page, 255), expected);
        let [[left, right], [top, bottom]] = extent(&page, 255);
        // In the middle, to a pixel.
        assert!((left + right).abs_diff(1200) <= 1 && (top + bottom).abs_diff(1200) <= 1);
    };
    check(100, 100, None, [1140, 1140]);
    check(100, 50, None, [1140, 570]);
    check(30, 3000, None, [11, 1140]);
    check(2000, 1500, None, [1140, 855]);
    // Pixels twice as high as wide.
    check(100, 50, Some([1.0, 2.0]), [1140, 1140]);
}

#[test]
fn true_size_is_a_millimetre_a_millimetre() {
    let mut sheet = sheet("STANDARD\\1,1", 1);
    sheet.background = Background::White;
    sheet.items[0].placement = Placement::TrueSize;
    sheet.items[0].mm_per_pixel = Some([0.5, 0.25]);
    let shown = picture(200, 300, |_, _| [9; 3]);
    let made = page(&sheet, 0, |_| Some(&shown), &Fonts::default()).unwrap();
    // 100 x 75 mm at five pixels a millimetre.
    assert_eq!(sides(&made, 255), [500, 375]);
    sheet.items[0].mm_per_pixel = Some([2.0, 0.25]);
    let error = page(&sheet, 0, |_| Some(&shown), &Fonts::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("400.0 x 75.0 mm in true size; its box is 228.0 x 228.0"),
        "{error}"
    );
    sheet.items[0].mm_per_pixel = None;
    assert_eq!(
        page(&sheet, 0, |_| Some(&shown), &Fonts::default()),
        Err(Error::NoScale(0))
    );
}

/// The ruler is measured on the page, and what it says is what lies beside it in the picture.
#[test]
fn a_scale_bar_is_right_after_scaling() {
    let check = |picture_side: u32, mm_per_pixel: f64, placement, expected_mm: f64| {
        let mut sheet = sheet("STANDARD\\1,1", 1);
        sheet.items[0].mm_per_pixel = Some([mm_per_pixel; 2]);
        sheet.items[0].placement = placement;
        sheet.items[0].scale_bar = true;
        // A grey square that is a tenth of the picture wide.
        let side = picture_side;
        let shown = picture(side, side, |x, y| {
            let inside = |at: u32| (side / 10..side / 5).contains(&at);
            [if inside(x) && inside(y) { 100 } else { 1 }; 3]
        });
        let page = page(&sheet, 0, |_| Some(&shown), &Fonts::default()).unwrap();
        // The longest run of white is the ruler's line.
        let longest = |bright: &dyn Fn(u8) -> bool| {
            let runs = (0..page.height).map(|y| {
                let row: Vec<bool> = (0..page.width).map(|x| bright(page.pixel(x, y)[0])).collect();
                row.split(|on| !on).map(<[bool]>::len).max().unwrap()
            });
            runs.max().unwrap() as f64
        };
        let bar = longest(&|level| level == 255);
        let square = longest(&|level| (60..140).contains(&level));
        let square_mm = f64::from(side / 10) * mm_per_pixel;
        let found_mm = bar * square_mm / square;
        assert!(
            (found_mm / expected_mm - 1.0).abs() < 0.03,
            "{found_mm} mm for {expected_mm}"
        );
    };
    check(100, 2.0, Placement::Fit, 50.0);
    check(2000, 0.2, Placement::Fit, 100.0);
    check(50, 0.8, Placement::Fit, 10.0);
    check(100, 2.0, Placement::TrueSize, 50.0);
}

#[test]
fn what_is_missing_or_hostile_is_refused() {
    let refused = |change: &dyn Fn(&mut Sheet, &mut Image), expected: &str| {
        let (mut sheet, mut shown) = (sheet("STANDARD\\1,1", 2), even(9));
        change(&mut sheet, &mut shown);
        let error = pages(&sheet, |id| (id.0 < 9).then_some(&shown), &Fonts::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    refused(&|sheet, _| sheet.items[1].picture.0 = 9, "item 1 names a picture");
    refused(
        &|_, shown| shown.width = u32::MAX,
        "needs as many times four bytes",
    );
    refused(&|_, shown| shown.rgba.clear(), "needs as many times four bytes");
    refused(&|sheet, _| sheet.items[0].scale_bar = true, "item 0 asks for");
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(
            &|sheet, _| sheet.items[0].mm_per_pixel = Some([1.0, scale]),
            "millimetres per pixel must be",
        );
    }
    refused(
        &|sheet, _| {
            // 18 pixels a side, of which a line and the space inside it take most.
            (sheet.dpi, sheet.margin_mm, sheet.gap_mm) = (1200.0, 0.0, 0.0);
            sheet.size = FilmSize::Custom {
                width_mm: 20.0,
                height_mm: 20.0,
            };
            sheet.format = "ROW\\52,1,1".parse().unwrap();
            sheet.items = vec![Item::new(PictureId(0)); 52];
            sheet.items[51].trim = true;
        },
        "an image box needs",
    );
    refused(
        &|sheet, _| sheet.items = vec![Item::new(PictureId(0)); 1000],
        "make the pages one by one",
    );
    let sheet = sheet("STANDARD\\1,1", 2);
    assert!(page(&sheet, 2, |_| None, &Fonts::default()).is_err());
}

/// Every kind of picture, text and mark on one page; the trimmed room is not written over.
#[test]
fn a_film_of_grey_and_colour() {
    let grey = picture(256, 256, |x, y| {
        let [x, y] = [x, y].map(|at| (f64::from(at) - 127.5) / 128.0);
        let body: f64 = if x * x / 0.7 + y * y / 0.45 < 1.0 {
            110.0
        } else {
            0.0
        };
        let bone = if x.hypot(y - 0.35) < 0.12 { 130.0 } else { 0.0 };
        let lungs = if (x.abs() - 0.4).hypot(y + 0.1) < 0.25 {
            -80.0
        } else {
            0.0
        };
        [(body + bone + lungs).clamp(0.0, 255.0) as u8; 3]
    });
    let colour = picture(200, 320, |x, y| {
        let [x, y] = [f64::from(x) / 200.0 - 0.5, f64::from(y) / 320.0 - 0.5];
        let heat = (-(x * x * 30.0 + (y + 0.2) * (y + 0.2) * 60.0)).exp()
            + 0.3 * (-(x * x * 9.0 + y * y * 4.0)).exp();
        let channel = |start: f64| ((heat * 3.0 - start).clamp(0.0, 1.0) * 255.0) as u8;
        [channel(0.0), channel(0.8), channel(1.8)]
    });
    for background in [Background::Black, Background::White] {
        let mut sheet = sheet("ROW\\2,3,1", 6);
        sheet.size = FilmSize::In14x17;
        sheet.orientation = FilmOrientation::Portrait;
        sheet.background = background;
        sheet.printed_mark = "printed".into();
        sheet.header = Text {
            left: "Test film, synthetic".into(),
            right: "2026-01-31  PET/CT".into(),
        };
        sheet.footer = Text {
            left: "Uptake".into(),
            right: "{page} / {pages}".into(),
        };
        for (n, item) in sheet.items.iter_mut().enumerate() {
            item.caption = format!("image {}, SUVbw 0-5 g/mL", n + 1);
            item.mm_per_pixel = Some([1.5; 2]);
            item.scale_bar = n != 1;
            item.trim = n % 2 == 0;
            item.printed = n == 2;
        }
        let page = page(
            &sheet,
            0,
            |id| Some(if id.0 % 2 == 0 { &grey } else { &colour }),
            &Fonts::default(),
        )
        .unwrap();
        let colours = page.rgba.chunks(4).filter(|pixel| pixel[0] != pixel[2]).count();
        assert!(colours > 10_000, "colour stays colour");
        let bytes = encode(&page, Format::Png, Some(sheet.dpi)).unwrap();
        assert!(bytes.len() > 10_000);
    }
}
