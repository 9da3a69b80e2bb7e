//! Screens and their views.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::presentation::Layout;
use crate::session::command::Link;
use crate::session::state::Shown;

/// By how much the numbers of views grow from screen to screen: more than a layout has cells.
const SCREEN_STEP: u32 = 100;

/// Layouts of one or several screens and their views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Where the views of the main screen are.
    pub layout: Layout,
    /// Where those of the screens beside it are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_screens: Vec<Layout>,
    /// Views by number, in the order of the layouts' cells: from 1 on the main screen, from 101 on the second, from 201
    /// on the third. Those beyond a layout's cells wait.
    pub viewports: BTreeMap<u32, Arc<Viewport>>,
    /// The one that is shown alone on its screen.
    pub maximized: Option<u32>,
}

/// What hangs on the views.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hanging {
    /// Name of the protocol by which.
    pub protocol: String,
    /// The studies, the current one first.
    pub studies: Vec<String>,
    /// Columns and rows of the screens it was hung for; none for one screen of any size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screens: Vec<[u32; 2]>,
}

/// A view: what it shows now, and what it showed when something was put into it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Viewport {
    /// What it shows; `None` when it is empty.
    pub shown: Option<Shown>,
    /// What reset brings back.
    pub home: Option<Box<Shown>>,
}

/// With which others a view shares something: those of the same name. What is not named it shares with none.
pub type Groups = BTreeMap<Link, String>;

impl Desk {
    /// Empty views in a layout.
    #[must_use]
    pub fn of(layout: Layout) -> Self {
        Self::of_screens(layout, Vec::new())
    }

    /// Empty views in the layouts of several screens.
    #[must_use]
    pub fn of_screens(layout: Layout, further_screens: Vec<Layout>) -> Self {
        let mut desk = Self {
            layout,
            further_screens,
            viewports: BTreeMap::new(),
            maximized: None,
        };
        desk.fill();
        desk
    }

    /// Makes an empty view of every cell that has none.
    pub(in crate::session) fn fill(&mut self) {
        for n in self.numbers() {
            self.viewports.entry(n).or_default();
        }
    }

    /// Layouts of the screens, the main one's first.
    pub fn screens(&self) -> impl Iterator<Item = &Layout> {
        std::iter::once(&self.layout).chain(&self.further_screens)
    }

    /// Numbers of the views of a screen, from 0, in the order of its cells; none for a screen that there is not.
    #[must_use]
    pub fn views_on(&self, screen: usize) -> Vec<u32> {
        let cells = self
            .screens()
            .nth(screen)
            .map_or(0, |layout| layout.cells().len());
        (0..cells).map(|cell| Self::number(screen, cell)).collect()
    }

    /// Numbers of the views that are seen: all of every screen, but of a screen with one shown alone that one.
    #[must_use]
    pub fn visible(&self) -> Vec<u32> {
        let of_screen = |screen| match self.maximized.filter(|n| Self::screen_of(*n) == screen) {
            Some(n) => vec![n],
            None => self.views_on(screen),
        };
        (0..self.screens().count()).flat_map(of_screen).collect()
    }

    /// Numbers of all cells' views.
    pub(in crate::session) fn numbers(&self) -> Vec<u32> {
        let screens = 0..self.screens().count();
        screens.flat_map(|screen| self.views_on(screen)).collect()
    }

    /// The number of the view in a cell of a screen, both from 0.
    #[must_use]
    pub fn number(screen: usize, cell: usize) -> u32 {
        screen as u32 * SCREEN_STEP + cell as u32 + 1
    }

    /// The screen, from 0, of a view's number.
    #[must_use]
    pub fn screen_of(viewport: u32) -> usize {
        (viewport.saturating_sub(1) / SCREEN_STEP) as usize
    }
}

impl Shown {
    /// Whether something that one of two views does is done by the other. A view of no groups goes with all.
    pub(in crate::session) fn shares(&self, link: Link, other: &Self) -> bool {
        let alone = |groups: &Groups| !groups.contains_key(&link);
        let is_together = match (&self.groups, &other.groups) {
            (Some(ours), Some(theirs)) => !alone(ours) && ours.get(&link) == theirs.get(&link),
            (Some(groups), None) | (None, Some(groups)) => !alone(groups),
            (None, None) => true,
        };
        self.is_linked && other.is_linked && is_together
    }
}
