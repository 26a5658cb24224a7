//! How a function's process starts: logs, one thread, and the context, which may have to wait for a service that is away.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use lambda_http::tracing;
use tokio::sync::OnceCell;

use crate::Context;
use crate::config::Config;
use crate::context::StartError;
use crate::entry::chain;

/// A deployed function's context, made once: at the start, or with the first event after the key ring could be had.
pub(crate) struct Deployed {
    config: Config,
    sends_mail: bool,
    context: OnceCell<Arc<Context>>,
}

impl Deployed {
    /// The context.
    ///
    /// # Errors
    /// [`StartError`]; asked again, it is tried again.
    pub(crate) async fn context(&self) -> Result<Arc<Context>, StartError> {
        let made = self.context.get_or_try_init(|| async {
            let app = Arc::new(Context::deployed(self.config.clone(), self.sends_mail).await?);
            // The connection is made while the first event is awaited, not inside it.
            tokio::spawn({
                let store = app.store.clone();
                async move { store.warm().await }
            });
            Ok(app)
        });
        made.await.cloned()
    }
}

/// Starts a function's process: what has to be mended ends it, what may pass does not.
pub(crate) fn start<F, R>(sends_mail: bool, run: F) -> ExitCode
where
    F: FnOnce(Arc<Deployed>) -> R,
    R: Future<Output = Result<(), lambda_http::Error>>,
{
    serve(async move {
        let deployed = Arc::new(Deployed { config: Config::from_environment()?, sends_mail, context: OnceCell::new() });
        match deployed.context().await {
            Err(error) if error.may_pass() => tracing::warn!(error = chain(&error), "the function starts without its context"),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        run(deployed).await
    })
}

/// Runs a function's process on one thread until Lambda ends it.
pub(crate) fn serve(run: impl Future<Output = Result<(), lambda_http::Error>>) -> ExitCode {
    tracing::init_default_subscriber();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(lambda_http::Error::from);
    match runtime.and_then(|runtime| runtime.block_on(run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(&*error), "the function cannot start");
            ExitCode::FAILURE
        }
    }
}
