import { runService } from "@shop/common/service.ts";
import { frontend } from "./service.ts";

runService("frontend", frontend);
