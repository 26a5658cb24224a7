//! The Lambda function of `selfcare.unlock.by-link.read`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::unlock_by_link_read)
}
