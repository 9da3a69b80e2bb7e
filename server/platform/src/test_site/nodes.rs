//! Other nodes of a site.

use std::sync::Arc;

use pacs::index::Index;

use super::Site;
use crate::Platform;
use crate::clock::Clock;
use crate::settings::Settings;

impl Site {
    /// Another node of the site, on the same database, with the same clock.
    pub(crate) async fn node(&self) -> Platform {
        self.node_with(self.platform.settings().clone()).await
    }

    /// Another node of the site, with settings of its own.
    pub(crate) async fn node_with(&self, settings: Settings) -> Platform {
        let index = Index::open(&self.place).await.unwrap();
        Platform::open(
            index.readers().clone(),
            index.turns().clone(),
            &self.folder.join("keys"),
            settings,
            Clock::Set(Arc::clone(&self.now)),
        )
        .await
        .unwrap()
    }
}
