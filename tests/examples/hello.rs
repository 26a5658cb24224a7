//! The floor of the start-up benchmark: a bare lambda_http function.

use lambda_http::{Body, Error, Request, Response, run, service_fn, tracing};

async fn hello(_: Request) -> Result<Response<Body>, Error> {
    Ok(Response::new(Body::from("hello")))
}

fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(service_fn(hello)))
}
