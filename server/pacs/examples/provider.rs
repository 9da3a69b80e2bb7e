//! An archive's network services alone, for peers under test: `provider FOLDER HOST:PORT AE [AE=HOST:PORT[=CHARSET]]...
//! [FILE]...`. Applications are put into the list, files into the worklist; everybody may do everything.
//!
//! Says `ready` when it answers, and ends with its standard input.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use dimse::{CharacterSet, Config, Provider};
use pacs::index::{Index, Place};
use pacs::ingest::{Ingest, Limits};
use pacs::orders::{OrderTable, import};
use pacs::services::applications::{Application, Applications};
use pacs::services::{Archive, supported};
use pacs::storage::Storage;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, address, title, rest @ ..] = arguments.as_slice() else {
        return Err("usage: provider FOLDER HOST:PORT AE [AE=HOST:PORT[=CHARSET]]... [FILE]...".into());
    };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let storage = Storage::local(&folder.join("objects"))?;
    let index = Index::open(&Place::Sqlite(folder.join("index.sqlite"))).await?;
    let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default()).await?;
    let mut everybody = Application::new("");
    everybody.associations = 64;
    let applications = Applications::open(index.clone())
        .await?
        .admitting_others(everybody);
    let orders = OrderTable::new(index.clone());
    for argument in rest {
        match argument.split_once('=') {
            Some((title, place)) => applications.put(&application(title, place)?).await?,
            None => {
                orders
                    .add(&import(&std::fs::read(argument)?)?, "cli", None)
                    .await?
            }
        }
    }
    let archive = Archive::new(ingest, index, storage, title, HashMap::new());
    let archive = Arc::new(archive.with_applications(applications.clone()));
    let reporting = Arc::clone(&archive);
    tokio::spawn(async move { reporting.report_commitments().await });
    let listener = TcpListener::bind(address).await?;
    println!("ready");
    let ended = async {
        let mut rest = Vec::new();
        let _ = tokio::io::stdin().read_to_end(&mut rest).await;
    };
    let config = Config::new(title, applications, supported());
    Provider::new(config, archive).serve(listener, ended).await;
    Ok(())
}

fn application(title: &str, place: &str) -> Result<Application, Box<dyn Error>> {
    let (address, set) = place.split_once('=').unwrap_or((place, "ISO_IR 192"));
    let mut application = Application::new(title);
    application.associations = 16;
    application.address = Some(address.to_owned());
    application.character_set = CharacterSet::from_term(set).ok_or("expected a character set")?;
    Ok(application)
}
