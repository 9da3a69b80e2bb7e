//! What pages are put together of: the frame around every page, forms and their fields, tables and their pages, states,
//! dialogs. One design, in light and dark, from a phone to a wall of 4K, written once and used everywhere.
//!
//! Every form works without script; script adds comfort only.

mod fields;
mod frame;
mod lists;

use std::borrow::Cow;

use axum::http::StatusCode;
use maud::{Markup, PreEscaped, html};

pub use fields::{
    area, check, checks, choice, date, file, form, hidden, line, password, plain_form, search, small_form,
    submit, upload,
};
pub use frame::{bare, full, page, printed};
pub use lists::{Column, Pager, empty, pager, pairs, table};

use crate::clock::Zone;
use crate::language::{Argument, Language};
use crate::web::Visit;

/// The font that Chinese is written into pictures with (`server/assets/fonts`).
pub static FONT: &[u8] = include_bytes!("../../../assets/fonts/NotoSansSC-subset.otf");

/// The cookie that holds the language.
pub const LANGUAGE_COOKIE: &str = "uptake_language";
/// The cookie that holds the theme.
pub const THEME_COOKIE: &str = "uptake_theme";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark, for reading rooms.
    Dark,
}

impl Theme {
    /// All.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word of the cookie and of the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads [`Theme::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == word)
    }
}

/// What a page is made for.
#[derive(Debug, Clone)]
pub struct View {
    /// The language.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// The path of the page.
    pub path: String,
    /// What the page was asked for behind its path, as it came.
    pub query: String,
    /// The route of the page, as `/devices/{id}`; empty where there is none.
    pub route: String,
    /// The time zone that times are written in.
    pub zone: Zone,
    /// Notifications that were not read.
    pub unread: i64,
    /// Things to do.
    pub todos: i64,
    /// What a form of this page is sent with, so that sending it twice does it once.
    pub once: String,
}

impl View {
    /// The words of a message.
    #[must_use]
    pub fn say(&self, key: &str) -> Cow<'static, str> {
        self.language.say(key)
    }

    /// The words of a message with what stands in it.
    #[must_use]
    pub fn say_with(&self, key: &str, arguments: &[(&str, Argument<'_>)]) -> Cow<'static, str> {
        self.language.say_with(key, arguments)
    }

    /// A time, to the minute, as people read it; machines read it too.
    #[must_use]
    pub fn time(&self, at_ns: i64) -> Markup {
        html! { time datetime=(self.zone.second(at_ns)) { (self.zone.minute(at_ns)) } }
    }

    /// A time, or a dash.
    #[must_use]
    pub fn time_if(&self, at_ns: Option<i64>) -> Markup {
        at_ns.map_or_else(|| html! { "—" }, |at_ns| self.time(at_ns))
    }
}

/// How a state looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look.
    Attention,
    /// Something is wrong.
    Bad,
    /// Neither.
    Quiet,
}

/// A word about a state.
#[must_use]
pub fn badge(tone: Tone, words: &str) -> Markup {
    let class = match tone {
        Tone::Good => "badge good",
        Tone::Attention => "badge attention",
        Tone::Bad => "badge bad",
        Tone::Quiet => "badge",
    };
    html! { span class=(class) { (words) } }
}

/// A message at the head of a page.
#[must_use]
pub fn message(tone: Tone, words: &str) -> Markup {
    let (class, role) = match tone {
        Tone::Good => ("message good", "status"),
        Tone::Attention => ("message attention", "status"),
        Tone::Bad => ("message bad", "alert"),
        Tone::Quiet => ("message", "status"),
    };
    html! { p class=(class) role=(role) { (words) } }
}

/// A part of a page with its heading.
#[must_use]
pub fn card(heading: &str, body: Markup) -> Markup {
    html! { section.card { h2 { (heading) } (body) } }
}

/// A link that looks like a button.
#[must_use]
pub fn button_link(href: &str, words: &str, is_main: bool) -> Markup {
    html! { a.button.main[is_main] href=(href) { (words) } }
}

/// A picture of a person, or the first letter of the name.
#[must_use]
pub fn avatar(account: i64, name: &str, has_picture: bool) -> Markup {
    let letter: String = name.chars().next().into_iter().collect();
    html! {
        @if has_picture {
            img.avatar src=(format!("/people/{account}/avatar")) alt="" width="32" height="32";
        } @else {
            span.avatar aria-hidden="true" { (letter) }
        }
    }
}

/// A line drawing of the set of icons.
#[must_use]
pub fn icon(name: &str) -> Markup {
    let path = match name {
        "home" => "M3 11l9-7 9 7v9a1 1 0 0 1-1 1h-5v-6h-6v6H4a1 1 0 0 1-1-1z",
        "bell" => "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
        "people" => {
            "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21a7 7 0 0 1 14 0M17 4a4 4 0 0 1 0 7M18 14a7 7 0 0 1 4 7"
        }
        "key" => "M15 8a4 4 0 1 1-3 6.9L10 17H7v3H3v-4l6.1-6.1A4 4 0 0 1 15 8z",
        "building" => "M4 21V4h10v17M14 9h6v12M2 21h20M7 8h4M7 12h4M7 16h4",
        "device" => "M4 5h16v11H4zM8 20h8M12 16v4",
        "link" => "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
        "book" => "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11",
        "log" => "M5 4h14v16H5zM8 8h8M8 12h8M8 16h5",
        "shield" => "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z",
        "jobs" => "M12 8v4l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
        "letter" => "M4 6h16v12H4zM4 7l8 6 8-6",
        "pulse" => "M2 12h5l3-8 4 16 3-8h5",
        "help" => "M9 9a3 3 0 1 1 4 2.8c-.7.3-1 .8-1 1.7M12 17v.5M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
        "menu" => "M4 6h16M4 12h16M4 18h16",
        "publish" => "M12 16V4M7 9l5-5 5 5M4 20h16",
        "images" => "M4 4h16v16H4zM12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
        _ => "M12 12h.01",
    };
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} }
    }
}

/// The page of an error.
#[must_use]
pub fn error_page(visit: &Visit, status: StatusCode, key: &str) -> Markup {
    let view = visit.view();
    let body = html! {
        section.card.narrow {
            p.code { (status.as_u16()) }
            h1 { (view.say(key)) }
            p.quiet { (view.say("error-request")) " " code { (visit.request()) } }
            p { (button_link("/", &view.say("to-home"), true)) }
        }
    };
    // The address that was asked for is not repeated: it may hold what somebody typed.
    if visit.signed().is_some() {
        frame::page_of(visit, "/", &view.say("error-title"), body)
    } else {
        frame::bare_of(visit, "/", &view.say("error-title"), body)
    }
}

/// Text that a person wrote, with its lines.
#[must_use]
pub fn lines(text: &str) -> Markup {
    html! {
        @for (number, line) in text.lines().enumerate() {
            @if number > 0 { br; }
            (line)
        }
    }
}

/// An image of a QR code that is drawn elsewhere, as SVG.
#[must_use]
pub fn drawn(svg: String) -> Markup {
    html! { div.qr { (PreEscaped(svg)) } }
}
