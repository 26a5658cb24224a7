//! The Lambda function of `gateway.fallback`: 404, or 405 with the methods that the path has.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::fallback(sportello_gateway::routes::ROUTES)
}
