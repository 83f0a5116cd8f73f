import { NextResponse } from "next/server";

// Members log in first.
export function middleware(request) {
  return NextResponse.redirect(new URL("/login", request.url));
}

export const config = { matcher: "/members/:path*" };
