import type { Schemas } from '@/api/client';
import { defineTexts } from './texts';

export type Right = Schemas['Right'];
export type Role = Schemas['Role'];

export const useRoleTexts = defineTexts(
  'roles',
  {
    administrator: 'Administrator',
    'administrator-does': 'Everything, in every project',
    auditor: 'Auditor',
    'auditor-does': 'Sees every project and the audit log; changes nothing',
    'project-admin': 'Project administrator',
    'project-admin-does': 'Everything in the project',
    developer: 'Developer',
    'developer-does': 'Makes migrations and pipelines, and runs them',
    operator: 'Operator',
    'operator-does': 'Runs, stops, reruns and publishes',
    viewer: 'Viewer',
    'viewer-does': 'Looks on',
  },
  {
    administrator: '系统管理员',
    'administrator-does': '所有项目的全部权限',
    auditor: '审计员',
    'auditor-does': '可查看所有项目和审计日志，不能修改',
    'project-admin': '项目管理员',
    'project-admin-does': '项目内的全部权限',
    developer: '开发',
    'developer-does': '创建迁移和管道，并运行',
    operator: '运维',
    'operator-does': '运行、停止、重跑、发布',
    viewer: '访客',
    'viewer-does': '只能查看',
  },
);

export const useRightTexts = defineTexts(
  'rights',
  {
    'view-project': 'See the project and how its runs went',
    'edit-migrations': 'Make and change migrations and pipelines',
    'edit-statements': 'Write SQL into them',
    'recreate-tables': 'Drop and recreate destination tables',
    'use-data-sources': 'Use data sources, and look into them',
    'manage-data-sources': 'Make and change data sources',
    'see-rejected-rows': 'See the values of rejected rows',
    operate: 'Run, stop, rerun, pause',
    publish: 'Publish to production',
    'manage-project': 'Change the project and its members',
    'read-audit': 'Read the audit log',
    'manage-users': 'Manage users, passwords and roles',
    'manage-system': 'Manage projects and resource groups',
  },
  {
    'view-project': '查看项目与运行情况',
    'edit-migrations': '创建和修改迁移、管道',
    'edit-statements': '在其中编写 SQL',
    'recreate-tables': '删除并重建目标表',
    'use-data-sources': '使用和浏览数据源',
    'manage-data-sources': '创建和修改数据源',
    'see-rejected-rows': '查看脏数据的值',
    operate: '运行、停止、重跑、暂停',
    publish: '发布到生产',
    'manage-project': '修改项目和成员',
    'read-audit': '查看审计日志',
    'manage-users': '管理用户、密码和角色',
    'manage-system': '管理项目和资源组',
  },
);

export const PROJECT_ROLES = ['project-admin', 'developer', 'operator', 'viewer'] as const;
export const SYSTEM_ROLES = ['administrator', 'auditor'] as const;

/**
 * What the roles of a project may, to be told before one is given; the service decides. In the order of
 * {@link PROJECT_ROLES}.
 */
export const RIGHTS_OF_PROJECT: readonly [Right, readonly [boolean, boolean, boolean, boolean]][] = [
  ['view-project', [true, true, true, true]],
  ['edit-migrations', [true, true, false, false]],
  ['edit-statements', [true, true, false, false]],
  ['use-data-sources', [true, true, false, false]],
  ['see-rejected-rows', [true, true, false, false]],
  ['operate', [true, true, true, false]],
  ['publish', [true, false, true, false]],
  ['recreate-tables', [true, false, false, false]],
  ['manage-data-sources', [true, false, false, false]],
  ['manage-project', [true, false, false, false]],
  ['read-audit', [true, false, false, false]],
];

export const ALL_RIGHTS: readonly Right[] = [
  ...RIGHTS_OF_PROJECT.map(([right]) => right),
  'manage-users',
  'manage-system',
];
