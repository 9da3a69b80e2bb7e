//! An open archive over HTTP for tests and measurements: `cargo run -p pacs --example archive -- FOLDER [ADDRESS:PORT]`.
//!
//! It answers this machine only, whoever asks, and prints its address when it does.
#![allow(clippy::unwrap_used, reason = "a tool for tests that cannot go on must fail")]

use std::path::PathBuf;
use std::sync::Arc;

use pacs::access::Open;
use pacs::dicomweb::upload::{self, Uploads};
use pacs::http::{App, Limits, only_this_machine, router, serve};
use pacs::index::{Index, Place};
use pacs::ingest::{self, Ingest};
use pacs::services::Archive;
use pacs::storage::Storage;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder for the data"));
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    std::fs::create_dir_all(&folder).unwrap();
    let storage = Storage::local(&folder.join("objects")).unwrap();
    let place = Place::Sqlite(folder.join("index.sqlite"));
    let index = Index::open(&place).await.unwrap();
    let ingest = Ingest::new(storage.clone(), index.clone(), ingest::Limits::default())
        .await
        .unwrap();
    let uploads = Uploads::open(&folder.join("uploads"), index.clone(), upload::Limits::default())
        .await
        .unwrap();
    let archive = Archive::new(ingest, index, storage, "UPTAKE", Default::default());
    let app = App::new(archive, Arc::new(Open)).with_uploads(uploads);
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    println!("http://{}/dicom-web", listener.local_addr().unwrap());
    let stopped = async { tokio::signal::ctrl_c().await.unwrap() };
    serve(
        listener,
        only_this_machine(router(app)),
        None,
        Limits::default(),
        stopped,
    )
    .await;
}
