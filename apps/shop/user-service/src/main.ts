import { runService } from "@shop/common/service.ts";
import { userService } from "./service.ts";

runService("user-service", userService);
