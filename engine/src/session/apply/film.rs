//! Pictures for prints and reports: taken, put in order, captioned, marked as printed.

use std::sync::Arc;

use crate::session::apply::{Work, at_most};
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::sight::numbers;
use crate::session::state::{FilmItem, Kind, Shown};

/// Most pictures of a film.
const MAX_ITEMS: usize = 4096;
/// Most characters of a caption.
const MAX_CAPTION: usize = 500;

impl Work<'_> {
    pub(super) fn film(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::AddToFilm { viewport } => {
                let shown = self.shown(*viewport, "a picture for the film")?.clone();
                self.take(shown)?;
            }
            Command::AddSeriesToFilm { viewport } => self.take_series(*viewport)?,
            Command::MoveFilmItem { item, to } => {
                let at = self.item(*item)?;
                let film = &mut self.state.film;
                let moved = film.remove(at);
                film.insert((*to as usize).min(film.len()), moved);
            }
            Command::EditFilmItem {
                item,
                caption,
                printed,
            } => {
                let at = self.item(*item)?;
                let item = Arc::make_mut(&mut self.state.film[at]);
                if let Some(caption) = caption {
                    at_most("characters of a caption", MAX_CAPTION, caption.chars().count())?;
                    item.caption.clone_from(caption);
                }
                item.is_printed = printed.unwrap_or(item.is_printed);
            }
            Command::DeleteFilmItem { item } => {
                let at = self.item(*item)?;
                self.state.film.remove(at);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn item(&self, number: u64) -> Result<usize, Refusal> {
        let found = self.state.film.iter().position(|item| item.number == number);
        found.ok_or(Refusal::NoSuch {
            what: "item of the film",
            found: number,
        })
    }

    fn take(&mut self, shown: Shown) -> Result<(), Refusal> {
        at_most("pictures of the film", MAX_ITEMS, self.state.film.len() + 1)?;
        let number = self.number();
        let item = FilmItem {
            number,
            // What plays stands still on a film.
            shown: Shown {
                motion: None,
                since_step_s: 0.0,
                ..shown
            },
            caption: String::new(),
            is_printed: false,
        };
        self.state.film.push(Arc::new(item));
        Ok(())
    }

    /// Every slice of the lowest layer, as the view shows them.
    fn take_series(&mut self, viewport: u32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a series for the film")?.clone();
        if !matches!(shown.kind, Kind::Stack | Kind::Tiles { .. }) {
            return Err(Refusal::NotShown {
                what: "a series for the film",
                expected: "a stack or tiles",
                found: shown.kind.title(),
            });
        }
        let grid = self.grid(&shown)?;
        for slice in 0..grid.size()[2] {
            self.take(Shown {
                kind: Kind::Stack,
                focus_mm: numbers(shown.on_slice(&grid, slice)),
                ..shown.clone()
            })?;
        }
        Ok(())
    }
}
