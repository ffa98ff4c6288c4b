//! The identity provider by which people sign in to the service, over the node's egress list (SEC-01).

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use courier::{Egress, post_form};
use exchange::ports::PortFault;
use web::SignIn;
use zeroize::Zeroizing;

use crate::fail::Fail;
use crate::house::Config;

/// The provider of the node in this directory.
pub struct Provider {
    dir: PathBuf,
    egress: Egress,
}

impl Provider {
    /// As the node's `node.toml` lets it be reached; keys lie beside that.
    ///
    /// # Errors
    /// [`Fail`] where `node.toml` cannot be read.
    pub fn of(dir: &Path) -> Result<Self, Fail> {
        Ok(Self {
            dir: dir.to_owned(),
            egress: Egress::new(Config::read(dir)?.egress),
        })
    }
}

#[async_trait]
impl web::Provider for Provider {
    fn key(&self, file: &str) -> Result<Zeroizing<String>, PortFault> {
        courier::keys::read(&self.dir.join(file)).map_err(|e| PortFault(e.to_string()))
    }

    async fn redeem(
        &self,
        at: &SignIn,
        form: String,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, PortFault> {
        post_form(&at.token, &at.certificates, &self.egress, form).await
    }
}
