//! The receive service of a gateway: a port that is really open, or really closed.
//!
//! It takes objects and gives none out: a query is not among what it accepts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use dimse::Provider;
use dimse::server::AllowList;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use crate::services::{Archive, supported_for_storing};

/// Associations of one AE title at once.
const ASSOCIATIONS: usize = 16;

/// What is listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
    /// The AE title that we are called by.
    pub ae_title: String,
}

/// Why the receive service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It runs already.
    #[error("the receive service runs already, on port {0}")]
    Running(u16),
    /// Another program has the port.
    #[error("port {0} is in use by another program; stop it or choose another port")]
    PortTaken(u16),
    /// The system does not let us have the port.
    #[error("port {port} cannot be opened: {source}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// No AE title.
    #[error(
        "expected an AE title of 1 to 16 letters, digits, hyphens, underscores, dots or spaces, found {0:?}"
    )]
    Title(String),
}

impl ReceiveError {
    /// The sentence in Chinese.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Self::Running(port) => format!("接收服务已在端口 {port} 上运行。"),
            Self::PortTaken(port) => format!("端口 {port} 已被其他程序占用，请停止该程序或改用其他端口。"),
            Self::Port { port, source } => format!("无法打开端口 {port}（{source}）。"),
            Self::Title(_) => "AE 标题应为 1 至 16 个字母、数字、连字符、下划线、点或空格。".to_owned(),
        }
    }
}

struct Running {
    service: Service,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Starts and stops the receive service.
pub struct Receiver {
    archive: Archive,
    senders: Vec<String>,
    running: Mutex<Option<Running>>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("senders", &self.senders)
            .finish_non_exhaustive()
    }
}

impl Receiver {
    /// A service that is stopped; it takes objects from these AE titles, or from all where none is named.
    #[must_use]
    pub fn new(archive: Archive, senders: Vec<String>) -> Self {
        Self {
            archive,
            senders,
            running: Mutex::new(None),
        }
    }

    /// Opens the port; gives the one that is open.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`].
    pub async fn start(&self, service: &Service) -> Result<u16, ReceiveError> {
        let mut running = self.running.lock().await;
        if let Some(running) = &*running {
            return Err(ReceiveError::Running(running.service.address.port()));
        }
        let title = checked(&service.ae_title)?;
        let port = service.address.port();
        let listener = TcpListener::bind(service.address)
            .await
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::AddrInUse => ReceiveError::PortTaken(port),
                _ => ReceiveError::Port { port, source },
            })?;
        let address = listener
            .local_addr()
            .map_err(|source| ReceiveError::Port { port, source })?;
        let listed: HashMap<String, usize> = self
            .senders
            .iter()
            .map(|sender| (sender.clone(), ASSOCIATIONS))
            .collect();
        let admission = AllowList {
            called: vec![title.clone()],
            others: listed.is_empty().then_some(ASSOCIATIONS),
            calling: listed,
            ..AllowList::default()
        };
        let provider = Provider::new(
            dimse::Config::new(&title, admission, supported_for_storing()),
            Arc::new(self.archive.clone()),
        );
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            provider.serve(listener, stopped).await;
        });
        let service = Service {
            address,
            ae_title: title,
        };
        tracing::info!(
            port = address.port(),
            ae_title = service.ae_title,
            "the receive service runs"
        );
        *running = Some(Running { service, stop, task });
        Ok(address.port())
    }

    /// Closes the port, and lets associations end for a while; whether it was open.
    pub async fn stop(&self) -> bool {
        let Some(running) = self.running.lock().await.take() else {
            return false;
        };
        let _ = running.stop.send(());
        let _ = running.task.await;
        tracing::info!("the receive service is stopped");
        true
    }

    /// What is listened to; `None` when stopped.
    pub async fn service(&self) -> Option<Service> {
        self.running
            .lock()
            .await
            .as_ref()
            .map(|running| running.service.clone())
    }
}

/// An AE title without the spaces around it (PS3.5 table 6.2-1), and without what peers stumble over.
fn checked(title: &str) -> Result<String, ReceiveError> {
    let trimmed = title.trim();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ');
    if (1..=16).contains(&trimmed.len()) && trimmed.bytes().all(good) {
        Ok(trimmed.to_owned())
    } else {
        Err(ReceiveError::Title(title.chars().take(32).collect()))
    }
}
