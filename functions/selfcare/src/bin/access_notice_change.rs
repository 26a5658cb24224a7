//! The Lambda function of `selfcare.access-notice.change`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::access_notice_change)
}
