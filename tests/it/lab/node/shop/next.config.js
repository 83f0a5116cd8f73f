// As PostHog's documentation has it. The tests fill in where the rewrite leads, and start the application with and without
// skipTrailingSlashRedirect.
module.exports = {
  skipTrailingSlashRedirect: process.env.KEEPS_SLASH === "1",
  eslint: { ignoreDuringBuilds: true },
  // An upstream that does not answer ends in an error within this time (30 s by default, which is longer than anybody waits).
  experimental: { proxyTimeout: 1000 },
  async rewrites() {
    return [{ source: "/ingest/:path*", destination: "https://us.i.posthog.com/:path*" }];
  },
};
